// A shared library that verifies a directory the way a Go programmer does who was told
// that goroutines are cheap: one for each file of the manifest, each with crypto/sha1.
//
//	go build -buildmode=c-shared -o libgoverify.so verify.go
package main

import "C"

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// open lets so many goroutines have their file open at once: as many as there are files is
// more than a system allows, as soon as other programs keep it busy.
var open = make(chan struct{}, 500)

// verify checks one file.
func verify(path, expected string) error {
	open <- struct{}{}
	defer func() { <-open }()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	digest := sha1.New()
	if _, err := io.Copy(digest, file); err != nil {
		return err
	}
	if hex.EncodeToString(digest.Sum(nil)) != expected {
		return fmt.Errorf("%s: mismatch", path)
	}
	return nil
}

// verifyAll checks every file of a manifest; it returns the first error that was met.
func verifyAll(root, manifest string) error {
	file, err := os.Open(manifest)
	if err != nil {
		return err
	}
	defer file.Close()
	var group sync.WaitGroup
	var once sync.Once
	var first error
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		expected, name, found := strings.Cut(lines.Text(), "  ")
		if !found {
			return fmt.Errorf("%s: not a line of sha1sum: %q", manifest, lines.Text())
		}
		group.Add(1)
		go func() {
			defer group.Done()
			if err := verify(filepath.Join(root, name), expected); err != nil {
				once.Do(func() { first = err })
			}
		}()
	}
	group.Wait()
	if err := lines.Err(); err != nil {
		return err
	}
	return first
}

// GoVerify returns NULL if all files match, or else a message for the caller to free.
//
//export GoVerify
func GoVerify(root, manifest *C.char) *C.char {
	if err := verifyAll(C.GoString(root), C.GoString(manifest)); err != nil {
		return C.CString(err.Error())
	}
	return nil
}

func main() {}
