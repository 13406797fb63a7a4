package gateway

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// Signing in and out (R-WEB-7 to R-WEB-10).

// sessionPath is where a browser signs in with POST, asks with GET who is signed in, and signs out
// with DELETE.
const sessionPath = "/_drover/console/session"

// maxSignIn is the largest body of a sign-in, in bytes.
const maxSignIn = 4 << 10

// Sessions has operators sign in.
type Sessions struct {
	Operators *OperatorAuth
	// Version is that of the server. Virtual says that its clock is a virtual one, and Now is what
	// that shows.
	Version string
	Virtual bool
	Now     func() time.Time
	Log     *slog.Logger
}

// signIn is the body of a POST.
type signIn struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

// signedIn is the answer to a POST and a GET: who is signed in, until when, and to what server.
type signedIn struct {
	KeyID     string    `json:"keyId"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	ExpiresAt time.Time `json:"expiresAt"` // by the real clock
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Version   string    `json:"version"`
	Clock     string    `json:"clock"` // real or virtual
	Now       time.Time `json:"now"`   // by the clock of the server
}

// ServeHTTP serves sessionPath.
func (s *Sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	var found session
	var err error
	switch r.Method {
	case http.MethodPost:
		if found, err = s.signIn(w, r); err == nil {
			setSession(w, r, found)
		}
	case http.MethodGet:
		found, err = s.Operators.session(r)
		if fault.Is(err, fault.Unauthorized) {
			answerNobody(w, r)
			return
		}
		if err == nil && found.ends.Sub(clock.Now()) < sessionLife/2 {
			found = newSession(found.key)
			setSession(w, r, found)
		}
	case http.MethodDelete:
		if err = s.Operators.checkPage(r); err == nil {
			removeSession(w, r)
			answerEmpty(w, r)
			return
		}
	default:
		header.Set("Allow", "GET, POST, DELETE")
		err = fault.New(fault.WrongMethod, "only GET, POST and DELETE")
	}
	header.Set("Content-Type", "application/json")
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	_ = json.NewEncoder(w).Encode(s.describe(found)) // the caller may be gone
}

// answerNobody says that nobody is signed in. That is no error: the page of whoever comes for the
// first time asks, and browsers write each refusal to their console as an error. A cookie that is
// not good any more is removed, so that no later request is refused because of it.
func answerNobody(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(sessionCookie(r)); err == nil {
		removeSession(w, r)
	}
	answerEmpty(w, r)
}

// answerEmpty answers without a body, and ends the connection of a caller who is not known.
func answerEmpty(w http.ResponseWriter, r *http.Request) {
	if !IsIdentified(r) {
		HangUp(w, r)
	}
	w.WriteHeader(http.StatusNoContent)
}

// signIn makes a session for who knows the secret of a key. Faults: Forbidden for a pair that is
// not one of the server's, whichever half is wrong, and for a page of another origin; Invalid,
// TooLarge.
func (s *Sessions) signIn(w http.ResponseWriter, r *http.Request) (found session, err error) {
	if err := s.Operators.checkPage(r); err != nil {
		return found, err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return found, fault.New(fault.Invalid, "the Content-Type must be application/json")
	}
	body, err := ReadBody(w, r, maxSignIn)
	if err != nil {
		return found, err
	}
	var in signIn
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&in) != nil || in.AccessKeyID == "" || in.SecretAccessKey == "" {
		return found, fault.New(fault.Invalid, // without what was sent: it may hold a secret
			`the body must be {"accessKeyId":"…","secretAccessKey":"…"}`)
	}
	key, err := s.Operators.Keys.Find(in.AccessKeyID)
	if err != nil && !fault.Is(err, fault.UnknownKey) {
		return found, err
	}
	if !sameSecret(in.SecretAccessKey, key.SecretAccessKey) || err != nil {
		return found, fault.New(fault.Forbidden,
			"there is no operator key with this access key id and this secret")
	}
	markIdentified(r)
	return newSession(key), nil
}

// describe says what the console has to know of a session and of the server.
func (s *Sessions) describe(found session) signedIn {
	mode := "real"
	if s.Virtual {
		mode = "virtual"
	}
	return signedIn{
		KeyID:     found.key.AccessKeyID,
		Name:      found.key.Name,
		Role:      string(found.key.Role),
		ExpiresAt: found.ends,
		Account:   s.Operators.Scope.Account,
		Region:    s.Operators.Scope.Region,
		Version:   s.Version,
		Clock:     mode,
		Now:       s.Now(),
	}
}

// refuse answers an error.
func (s *Sessions) refuse(w http.ResponseWriter, r *http.Request, err error) {
	HangUp(w, r)
	status, message := http.StatusInternalServerError, "the server could not do it; its log says why"
	if f := fault.Of(err); f != nil {
		status, message = sessionStatus(f.Code), f.Message
	} else {
		s.Log.Error("console session", "method", r.Method,
			"request", w.Header().Get(requestIDHeader), "err", err)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // the caller may be gone
}

// sessionStatus is the HTTP status of a refusal.
func sessionStatus(code fault.Code) int {
	switch code {
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.WrongMethod:
		return http.StatusMethodNotAllowed
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// setSession has a browser keep a session until it ends.
func setSession(w http.ResponseWriter, r *http.Request, s session) {
	http.SetCookie(w, cookieOf(r, s.value(), int(s.ends.Sub(clock.Now())/time.Second)))
}

// removeSession has a browser forget its session.
func removeSession(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, cookieOf(r, "", -1))
}

// cookieOf is the cookie of sessions. No script can read it, and no page of another site has it
// sent. maxAge is in seconds; a negative one removes it.
func cookieOf(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name:     sessionCookie(r),
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   r.TLS != nil,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	}
}
