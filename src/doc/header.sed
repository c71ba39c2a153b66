# How Doxygen is to read the header. Its opening becomes the first page. A struct that is only declared would be passed
# over, and with it what is said of the handles. A name is a link where it is marked as one: not in examples, which are
# indented.
1s|^/\*\* @file poolsend\.h$|/** @file */ /** @mainpage poolsend|
s/^(struct poolsend_[a-z_]+);/\1 {};/
/^(\/\*\*| \*)(    |$)/b
/^(\/\*\*| \*)/s/(^|[ (])(poolsend_[a-z_]+)/\1#\2/g
s/#(poolsend_[a-z_]+)\.([a-z])/\1::\2/g
