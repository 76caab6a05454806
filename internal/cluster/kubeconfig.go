package cluster

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// maxKubeconfig bounds what is parsed at all.
const maxKubeconfig = 1 << 20

// kubeconfig is the file as kubectl knows it. A member that is not here is refused, so that a new way to run a program or to read a file
// is refused before anybody has heard of it. What is here and must not be used is refused with a sentence of its own.
type kubeconfig struct {
	APIVersion     string  `json:"apiVersion"`
	Kind           string  `json:"kind"`
	Preferences    any     `json:"preferences"` // of kubectl: means nothing here
	Extensions     any     `json:"extensions"`  // of other tools: means nothing here
	Clusters       []named `json:"clusters"`
	Users          []named `json:"users"`
	Contexts       []named `json:"contexts"`
	CurrentContext string  `json:"current-context"`
}

// named is an entry of one of the three lists.
type named struct {
	Name    string        `json:"name"`
	Cluster *clusterEntry `json:"cluster"`
	User    *userEntry    `json:"user"`
	Context *contextEntry `json:"context"`
}

type contextEntry struct {
	Cluster    string `json:"cluster"`
	User       string `json:"user"`
	Namespace  string `json:"namespace"` // a habit of kubectl's
	Extensions any    `json:"extensions"`
}

type clusterEntry struct {
	Server             string `json:"server"`
	CA                 []byte `json:"certificate-authority-data"`
	DisableCompression bool   `json:"disable-compression"`
	Extensions         any    `json:"extensions"`

	CAFile        string `json:"certificate-authority"`
	Insecure      bool   `json:"insecure-skip-tls-verify"`
	ProxyURL      string `json:"proxy-url"`
	TLSServerName string `json:"tls-server-name"`
}

type userEntry struct {
	Token      string `json:"token"`
	ClientCert []byte `json:"client-certificate-data"`
	ClientKey  []byte `json:"client-key-data"`
	Extensions any    `json:"extensions"`

	Exec           any    `json:"exec"`
	AuthProvider   any    `json:"auth-provider"`
	TokenFile      string `json:"tokenFile"`
	ClientCertFile string `json:"client-certificate"`
	ClientKeyFile  string `json:"client-key"`
	Username       string `json:"username"`
	Password       string `json:"password"`
	As             string `json:"as"`
	AsUID          string `json:"as-uid"`
	AsGroups       any    `json:"as-groups"`
	AsUserExtra    any    `json:"as-user-extra"`
}

// ParseKubeconfig takes out of a kubeconfig what reaches one cluster, and nothing else; an empty context is the current one, or the only one. A
// kubeconfig is code: with the usual loaders it runs programs, reads files of this machine and sends credentials through proxies
// (security rules §1.12). So these never see it, and whatever the context refers to beyond an address, its authority and one credential is
// refused. Entries that the context does not refer to are never used; they only must be well-formed.
//
// The error wraps pratique.ErrInvalid, names the member and says what to do. It never quotes a value.
func ParseKubeconfig(data []byte, context string) (Access, error) {
	k, err := readKubeconfig(data)
	if err != nil {
		return Access{}, err
	}
	c, err := k.context(context)
	if err != nil {
		return Access{}, err
	}
	cl, err := find(k.Clusters, "cluster", c.Cluster, func(n named) *clusterEntry { return n.Cluster })
	if err != nil {
		return Access{}, err
	}
	u, err := find(k.Users, "user", c.User, func(n named) *userEntry { return n.User })
	if err != nil {
		return Access{}, err
	}
	if err := cl.check(); err != nil {
		return Access{}, err
	}
	if err := u.check(); err != nil {
		return Access{}, err
	}
	a := Access{Server: cl.Server, CA: cl.CA, Token: u.Token, ClientCert: u.ClientCert, ClientKey: u.ClientKey}
	if err := a.check(); err != nil {
		return Access{}, err
	}
	return a, nil
}

func readKubeconfig(data []byte) (*kubeconfig, error) {
	if len(data) > maxKubeconfig {
		return nil, invalid("write one with: "+flattenCommand, "the kubeconfig is larger than 1 MiB")
	}
	if documents(data) > 1 {
		return nil, invalid("kubectl reads the first alone; remove the others", "the kubeconfig holds several YAML documents")
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, invalid("", "the kubeconfig is not valid YAML, or has a key twice") // the cause may quote the file
	}
	var k kubeconfig
	if err := strictjson.Unmarshal(text, &k); err != nil {
		return nil, invalid("write one with: "+flattenCommand, "the kubeconfig has a member that is not known, or of the wrong type: %s", place(err))
	}
	if k.APIVersion != "v1" || k.Kind != "Config" {
		return nil, invalid("", "this is no kubeconfig: apiVersion must be v1 and kind Config")
	}
	return &k, nil
}

// documents counts what begins after a line of three hyphens, and before the first.
func documents(data []byte) int {
	n, begun := 0, false
	for line := range bytes.Lines(data) {
		switch text := bytes.TrimRight(line, " \t\r\n"); {
		case bytes.HasPrefix(line, []byte("---")), bytes.HasPrefix(line, []byte("...")):
			begun = len(text) > 3
			if begun {
				n++
			}
		case len(text) > 0 && text[0] != '#' && !begun:
			begun = true
			n++
		}
	}
	return n
}

// place is where in the document an error is. The rest of its text could hold a value.
func place(err error) string {
	at, _, _ := strings.Cut(err.Error(), ": ")
	return at
}

func (k *kubeconfig) context(name string) (*contextEntry, error) {
	if name == "" {
		name = k.CurrentContext
	}
	if name == "" && len(k.Contexts) == 1 {
		name = k.Contexts[0].Name
	}
	if name == "" {
		return nil, invalid("name one of its contexts", "the kubeconfig has no current-context")
	}
	return find(k.Contexts, "context", name, func(n named) *contextEntry { return n.Context })
}

// find takes an entry that must be there once: with two of a name, tools differ in which they take.
func find[T any](list []named, kind, name string, member func(named) *T) (*T, error) {
	same := func(n named) bool { return n.Name == name }
	i := slices.IndexFunc(list, same)
	if name == "" || i < 0 {
		return nil, invalid("", "the kubeconfig has no %s %q", kind, name)
	}
	if slices.ContainsFunc(list[i+1:], same) {
		return nil, invalid("remove one of them", "the kubeconfig has two entries for the %s %q", kind, name)
	}
	entry := member(list[i])
	if entry == nil {
		return nil, invalid("", "the entry for the %s %q is empty", kind, name)
	}
	return entry, nil
}

// refusal is a member that must not be there.
type refusal struct {
	present bool
	name    string
	why     string
	hint    string
}

func firstOf(refusals []refusal) error {
	for _, r := range refusals {
		if r.present {
			return invalid(r.hint, "the kubeconfig sets %s, which is refused: %s", r.name, r.why)
		}
	}
	return nil
}

func (c *clusterEntry) check() error {
	const flatten = "put the file's content in with: " + flattenCommand
	return firstOf([]refusal{
		{c.Insecure, "insecure-skip-tls-verify", "anybody on the way could read the credential", "set certificate-authority-data and remove it"},
		{c.CAFile != "", "certificate-authority", "it names a file of the server's machine", flatten},
		{c.ProxyURL != "", "proxy-url", "it would send the credential elsewhere", "remove it; the server must reach the cluster itself"},
		{c.TLSServerName != "", "tls-server-name", "the certificate must be good for the address itself", "use the address that stands in the certificate"},
	})
}

func (u *userEntry) check() error {
	const flatten = "put the file's content in with: " + flattenCommand
	const account = "make a service account for Pratique and use its token"
	return firstOf([]refusal{
		{u.Exec != nil, "exec", "it names a program to run on the server", account},
		{u.AuthProvider != nil, "auth-provider", "it names code to run on the server", account},
		{u.TokenFile != "", "tokenFile", "it names a file of the server's machine", flatten},
		{u.ClientCertFile != "", "client-certificate", "it names a file of the server's machine", flatten},
		{u.ClientKeyFile != "", "client-key", "it names a file of the server's machine", flatten},
		{u.Username != "" || u.Password != "", "username and password", "Kubernetes no longer takes them", account},
		{
			u.As != "" || u.AsUID != "" || u.AsGroups != nil || u.AsUserExtra != nil, "as (impersonation)",
			"Pratique impersonates by itself", "use the credential as it is",
		},
	})
}

// flattenCommand writes a kubeconfig of one context, without references to files.
const flattenCommand = "kubectl config view --minify --flatten --raw"

func invalid(hint, format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: fmt.Sprintf(format, args...), Hint: hint}
}
