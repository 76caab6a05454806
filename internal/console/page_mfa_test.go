package console

import "testing"

func factorPages() []page {
	return []page{&codePage{}, &mfaPage{}, &enrollPage{}, &recoveryPage{}}
}

func TestAQRCodeThatDoesNotFitIsLeftOut(t *testing.T) {
	t.Parallel()
	if got := drawQR(string(make([]byte, 5000))); got.Size != 0 || got.Path != "" {
		t.Errorf("five thousand bytes make a code of size %d", got.Size)
	}
	if got := drawQR("otpauth://totp/x"); got.Size < 21+8 || got.Path[0] != 'M' {
		t.Errorf("the drawing is %+v", got)
	}
}
