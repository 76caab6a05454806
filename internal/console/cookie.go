package console

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/pratique-iam/pratique/internal/console/ui"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// The cookies. The prefix __Host- makes browsers refuse one that another host of the domain sets, or that travels in clear text.
const (
	sessionCookie = "__Host-pratique"
	flashCookie   = "__Host-pratique-done"
	themeCookie   = "__Host-pratique-theme"
	pendingCookie = "__Host-pratique-pending"

	federatedCookie = "__Host-pratique-oidc"
)

func cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// setSession keeps the secret of a session in the browser, for as long as the browser runs; the server knows when it ends.
func setSession(w http.ResponseWriter, token string) {
	http.SetCookie(w, cookie(sessionCookie, token, 0))
}

func clearSession(w http.ResponseWriter) { http.SetCookie(w, cookie(sessionCookie, "", -1)) }

func secretOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setPending keeps what stands for a password that was right while its owner looks for the code; empty: no more.
func setPending(w http.ResponseWriter, ticket string) {
	life := int(5 * time.Minute / time.Second)
	if ticket == "" {
		life = -1
	}
	http.SetCookie(w, cookie(pendingCookie, ticket, life))
}

func pendingOf(r *http.Request) string {
	c, err := r.Cookie(pendingCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setFlash keeps a sentence for the next page.
func setFlash(w http.ResponseWriter, f ui.Flash) {
	if data, err := strictjson.Marshal(f); err == nil {
		http.SetCookie(w, cookie(flashCookie, base64.RawURLEncoding.EncodeToString(data), int(time.Minute/time.Second)))
	}
}

func takeFlash(w http.ResponseWriter, r *http.Request) ui.Flash {
	var f ui.Flash
	c, err := r.Cookie(flashCookie)
	if err != nil || r.Method != http.MethodGet {
		return f
	}
	http.SetCookie(w, cookie(flashCookie, "", -1))
	data, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || strictjson.Unmarshal(data, &f) != nil {
		return ui.Flash{}
	}
	return f
}

// themeOf is "light" or "dark" for whoever has chosen, and empty for whoever leaves it to their system.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}
