// A hedging client on net/http, as one would write it in Go: workers take the lines of standard input from a channel
// and POST each to the first URL; while that has not answered within the hedge delay, to the next as well. The first
// 200 wins, the others are cancelled through their context, and one line of JSON is printed for each message.
//
// Usage: hedge [-c WORKERS] [-hedge DELAY] URL... <LINES
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

type message struct {
	line int
	body []byte
}

type answer struct {
	url    string
	status int
	body   []byte
	err    error
}

type result struct {
	Event    string  `json:"event"`
	Line     int     `json:"line"`
	URL      string  `json:"url"`
	Status   int     `json:"status"`
	T        float64 `json:"t"`
	Response string  `json:"response"`
}

type sender struct {
	client *http.Client
	delay  time.Duration
	urls   []string
}

func (s *sender) post(ctx context.Context, url string, body []byte) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{url: url, err: err}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{url: url, err: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return answer{url, response.StatusCode, text, err}
}

// deliver returns the first success, or the last failure.
func (s *sender) deliver(body []byte) answer {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answers := make(chan answer, len(s.urls))
	started, running := 0, 0
	start := func() {
		if started < len(s.urls) {
			url := s.urls[started]
			started++
			running++
			go func() { answers <- s.post(ctx, url, body) }()
		}
	}
	start()
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	for {
		select {
		case got := <-answers:
			running--
			if got.err == nil {
				return got
			}
			start()
			if running == 0 {
				return got
			}
		case <-timer.C:
			start()
			timer.Reset(s.delay)
		}
	}
}

type printer struct {
	mutex sync.Mutex
	out   *bufio.Writer
}

func (p *printer) print(result *result) {
	line, err := json.Marshal(result)
	if err != nil {
		log.Fatal(err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.out.Write(line)
	p.out.WriteByte('\n')
}

func (s *sender) work(messages <-chan message, printer *printer) {
	for message := range messages {
		began := time.Now()
		got := s.deliver(message.body)
		if got.err != nil {
			log.Fatal(got.err)
		}
		printer.print(&result{"delivered", message.line, got.url, got.status, time.Since(began).Seconds(),
			string(got.body)})
	}
}

func readLines(messages chan<- message) {
	lines := bufio.NewScanner(os.Stdin)
	for number := 1; lines.Scan(); number++ {
		messages <- message{number, append([]byte(nil), lines.Bytes()...)}
	}
	close(messages)
}

func main() {
	workers := flag.Int("c", 64, "workers")
	delay := flag.Duration("hedge", time.Second, "hedge delay")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: hedge [-c WORKERS] [-hedge DELAY] URL... <LINES")
		os.Exit(2)
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: *workers,
		DisableCompression:  true,
	}
	sender := &sender{&http.Client{Transport: transport}, *delay, flag.Args()}
	printer := &printer{out: bufio.NewWriterSize(os.Stdout, 64<<10)}
	messages := make(chan message, *workers)
	go readLines(messages)
	var group sync.WaitGroup
	for i := 0; i < *workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			sender.work(messages, printer)
		}()
	}
	group.Wait()
	printer.out.Flush()
}
