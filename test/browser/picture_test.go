package browser

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/page"
)

// onTelephones are the pages of which a narrow picture is kept too: each kind of layout once.
func onTelephones() []string {
	return []string{"overview", "login", "clusters", "clusters-ONE", "users-ONE", "groups-ONE", "policies-ONE-edit", "permissions", "simulator", "reports-ONE", "my-access"}
}

// picture keeps what the page looks like, when pictures were asked for.
func (p *person) picture() {
	p.t.Helper()
	if *screenshots == "" {
		return
	}
	path, _, _ := strings.Cut(p.address(), "?")
	name := strings.ReplaceAll(strings.Trim(strings.TrimPrefix(kindOf(path), "/console"), "/"), "/", "-")
	if name == "" {
		name = "overview"
	}
	for _, look := range looks() {
		if look.width < 1000 && !slices.Contains(onTelephones(), name) {
			continue
		}
		p.look(look)
		shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
		data, err := base64.StdEncoding.DecodeString(string(shot.Data))
		if err != nil {
			data = []byte(shot.Data)
		}
		small, err := shrink(data)
		if err != nil {
			p.t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(*screenshots, 0o750), os.WriteFile(filepath.Join(*screenshots, name+"-"+look.name()+".png"), small, 0o600)); err != nil {
			p.t.Fatal(err)
		}
	}
	p.look(looks()[0])
}

// shrink writes a picture with a palette, of its own colours where they are few: pages have little more than their letters.
func shrink(data []byte) ([]byte, error) {
	in, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	counts := map[color.RGBA]int{}
	area := in.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, _ := in.At(x, y).RGBA()
			counts[coarse(r, g, b)]++
		}
	}
	var most []color.RGBA
	for c := range counts {
		most = append(most, c)
	}
	slices.SortFunc(most, func(a, b color.RGBA) int { return counts[b] - counts[a] })
	var palette color.Palette
	for _, c := range most[:min(len(most), 256)] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(area, palette)
	index := map[color.RGBA]uint8{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, _ := in.At(x, y).RGBA()
			c := coarse(r, g, b)
			i, ok := index[c]
			if !ok {
				i = uint8(palette.Index(c)) //nolint:gosec // a palette has 256 at most
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// coarse keeps six bits of each colour.
func coarse(r, g, b uint32) color.RGBA {
	part := func(v uint32) uint8 { v >>= 10; return uint8(v<<2 | v>>4) } //nolint:gosec // six bits
	return color.RGBA{part(r), part(g), part(b), 255}
}
