package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a document may nest. Seven levels are all that either language uses; the rest leaves room for a mistake to be
// reported as what it is.
const maxDepth = 16

// node is a JSON value and where it stands. Numbers and literals keep their spelling in text.
type node struct {
	kind    byte // as jsontext.Kind: '{' '[' '"' '0' 't' 'f' 'n'
	text    string
	pos     Position
	members []member
	items   []node
}

// member is a name and a value in an object. Names are unique and compared exactly.
type member struct {
	name  string
	pos   Position
	value node
}

// member returns the member with a name, or nil.
func (n *node) member(name string) *member {
	for i := range n.members {
		if n.members[i].name == name {
			return &n.members[i]
		}
	}
	return nil
}

// scan reads one JSON text into a tree. It is as strict as RFC 7493 asks: duplicate names, invalid UTF-8 (lone surrogates too), a byte order
// mark, anything after the value and more than maxDepth levels are refused, because every one of them is read differently by some other
// reader, and a policy must not have two meanings. encoding/json will not do: it takes the last of two members, whatever their case, and
// decodes a second Statement into the elements of the first.
//
// On error the tree is what was read of the top level, so that the caller can tell the dialect.
func scan(data []byte) (node, *Problem) {
	s := scanner{data: data, line: 1}
	var root node
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return root, s.problem(0, "the text starts with a byte order mark", "save it as UTF-8 without one")
	}
	s.dec = jsontext.NewDecoder(bytes.NewBuffer(data))
	if p := s.value(&root, 0); p != nil {
		return root, p
	}
	if rest := bytes.TrimLeft(data[s.end:], " \t\r\n"); len(rest) > 0 {
		return root, s.problem(len(data)-len(rest), "something follows the end of the document", "keep one JSON object")
	}
	return root, nil
}

// scanner walks the tokens of a text and keeps count of lines. The decoder checks the grammar; positions are ours.
type scanner struct {
	data      []byte
	dec       *jsontext.Decoder
	end       int // of the last token
	counted   int // how far lines have been counted
	line      int
	lineStart int
}

// value reads one value into n.
func (s *scanner) value(n *node, depth int) *Problem {
	token, pos, p := s.next()
	if p != nil {
		return p
	}
	n.kind, n.pos = byte(token.Kind()), pos
	switch n.kind {
	case '{', '[':
		if depth == maxDepth {
			return s.problem(int(pos.Offset), fmt.Sprintf("the document is nested deeper than %d levels", maxDepth), "")
		}
		if n.kind == '{' {
			return s.object(n, depth+1)
		}
		return s.array(n, depth+1)
	case '"':
		n.text = token.String()
	default:
		n.text = strings.Clone(token.String())
	}
	return nil
}

func (s *scanner) object(n *node, depth int) *Problem {
	for s.dec.PeekKind() != '}' {
		token, pos, p := s.next()
		if p != nil {
			return p
		}
		n.members = append(n.members, member{name: token.String(), pos: pos})
		if p := s.value(&n.members[len(n.members)-1].value, depth); p != nil {
			return p
		}
	}
	_, _, p := s.next()
	return p
}

func (s *scanner) array(n *node, depth int) *Problem {
	for s.dec.PeekKind() != ']' {
		n.items = append(n.items, node{})
		if p := s.value(&n.items[len(n.items)-1], depth); p != nil {
			return p
		}
	}
	_, _, p := s.next()
	return p
}

// next reads a token. The decoder tells where a token ends; it starts after the white space, comma or colon that follows the one before.
func (s *scanner) next() (jsontext.Token, Position, *Problem) {
	start := s.skip()
	token, err := s.dec.ReadToken()
	if err != nil {
		return token, Position{}, s.syntax(err)
	}
	s.end = int(s.dec.InputOffset())
	return token, s.position(start), nil
}

func (s *scanner) skip() int {
	start := s.end
	for start < len(s.data) && bytes.IndexByte([]byte(" \t\r\n,:"), s.data[start]) >= 0 {
		start++
	}
	return start
}

// position turns an offset into a position. Offsets are asked for in rising order but for an error's, which restarts the count.
func (s *scanner) position(offset int) Position {
	offset = min(offset, len(s.data))
	if offset < s.counted {
		s.counted, s.line, s.lineStart = 0, 1, 0
	}
	between := s.data[s.counted:offset]
	if n := bytes.Count(between, []byte{'\n'}); n > 0 {
		s.line += n
		s.lineStart = s.counted + bytes.LastIndexByte(between, '\n') + 1
	}
	s.counted = offset
	return Position{Offset: clamp(offset), Line: clamp(s.line), Column: clamp(offset - s.lineStart + 1)}
}

// clamp converts without wrapping round. Texts are far below the limit; see Parser.Parse.
func clamp(n int) int32 {
	return int32(min(max(n, 0), math.MaxInt32))
}

func (s *scanner) problem(offset int, message, hint string) *Problem {
	return &Problem{Severity: Fatal, Pos: s.position(offset), Message: message, Hint: hint}
}

// syntax says in our words what the decoder refused. Its own sentence is kept where it names a character.
func (s *scanner) syntax(err error) *Problem {
	if errors.Is(err, io.EOF) {
		return s.problem(len(s.data), "the document is empty", "")
	}
	se, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return s.problem(s.end, err.Error(), "")
	}
	offset := int(se.ByteOffset)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return s.problem(len(s.data), "the document ends in the middle", "a closing quote, bracket or brace is missing")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return s.problem(offset, fmt.Sprintf("member %s appears twice in one object", quote(se.JSONPointer.LastToken())), "keep one of them")
	}
	return s.problem(offset, "not JSON: "+se.Err.Error(), s.syntaxHint(offset))
}

func (s *scanner) syntaxHint(offset int) string {
	if offset >= len(s.data) {
		return ""
	}
	switch s.data[offset] {
	case '/', '#':
		return "JSON has no comments"
	case '\'':
		return "JSON strings stand in double quotes"
	case ']', '}':
		if before := bytes.TrimRight(s.data[:offset], " \t\r\n"); bytes.HasSuffix(before, []byte{','}) {
			return "remove the comma before it"
		}
	}
	return ""
}
