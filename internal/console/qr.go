package console

import (
	"strconv"
	"strings"

	"rsc.io/qr"
)

// qrCode is a QR code as one path of a drawing: a picture would need an address of its own at which the secret could be had again.
type qrCode struct {
	Size int // of the drawing, with the quiet zone
	Path string
}

// drawQR gives the zero value for what does not fit into a code: the text of it stands beside it on the page.
func drawQR(content string) qrCode {
	const quiet = 4 // modules, as the standard demands
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return qrCode{}
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if run := x - from; run > 0 {
				b.WriteString("M" + strconv.Itoa(from+quiet) + " " + strconv.Itoa(y+quiet) + "h" + strconv.Itoa(run) + "v1h-" + strconv.Itoa(run) + "z")
			}
		}
	}
	return qrCode{Size: code.Size + 2*quiet, Path: b.String()}
}
