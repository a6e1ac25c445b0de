package elbv2

import (
	"cmp"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// secure lays what in says of TLS over l, and checks that the certificate and security policy fit
// the protocol.
func (in listenerInput) secure(tx *store.Tx, l model.Listener) (model.Listener, error) {
	if l.Protocol == "HTTP" {
		switch {
		case len(in.certificates) > 0:
			return l, invalid("A certificate cannot be specified for HTTP listeners")
		case in.policy != nil:
			return l, invalid("An SSL policy cannot be specified for HTTP listeners")
		}
		l.Certificates, l.SSLPolicy = nil, ""
		return l, nil
	}
	if in.certificates != nil {
		arn, err := certificate(tx, in.certificates)
		if err != nil {
			return l, err
		}
		l.Certificates = []string{arn}
	}
	if len(l.Certificates) == 0 {
		return l, invalid("A certificate must be specified for HTTPS listeners")
	}
	l.SSLPolicy = cmp.Or(str(in.policy), l.SSLPolicy, model.DefaultTLSPolicy)
	if _, ok := model.TLSPolicyNamed(l.SSLPolicy); !ok {
		return l, &types.SSLPolicyNotFoundException{Message: say("SSL policy '%s' not found", l.SSLPolicy)}
	}
	return l, nil
}

// certificate returns the ARN of the one certificate that a listener may get.
func certificate(tx *store.Tx, given []types.Certificate) (string, error) {
	switch {
	case len(given) == 0:
		return "", invalid("A certificate must be specified for HTTPS listeners")
	case len(given) > 1:
		return "", invalid("Up to '1' certificate lists can be specified, but '%d' were specified", len(given))
	case given[0].IsDefault != nil:
		return "", invalid("You cannot set the isDefault parameter for a certificate")
	}
	arn := str(given[0].CertificateArn)
	id, ok := model.CertificateID(arn)
	if !ok {
		return "", invalid("Certificate ARN '%s' is not valid", arn)
	}
	a, _ := model.ParseARN(arn)
	if _, ok = store.Certificates.Get(tx, id); !ok || a.Scope() != tx.Scope() {
		return "", &types.CertificateNotFoundException{Message: say("Certificate '%s' not found", arn)}
	}
	return arn, nil
}

// describeListenerCertificates tells the default certificate; a listener has no others.
func describeListenerCertificates(tx *store.Tx, in *elb.DescribeListenerCertificatesInput) (*elb.DescribeListenerCertificatesOutput, error) {
	l, err := listener(tx, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elb.DescribeListenerCertificatesOutput{Certificates: []types.Certificate{}}
	some, next := slice(p, slices.Clone(l.Certificates))
	for i, arn := range some {
		first := i == 0 && p.after == ""
		out.Certificates = append(out.Certificates, types.Certificate{CertificateArn: &arn, IsDefault: &first})
	}
	out.NextMarker = next
	return out, nil
}
