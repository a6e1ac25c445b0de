package gate

import (
	"net/http"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/api/wire/sigv4"
)

// refusal is one reason to turn a call away, as each protocol words it.
type refusal struct {
	json, query, ec2 form
}

// form is a code, a status and, where the protocol has words of its own, the message.
type form struct {
	code    string
	status  int
	message string
}

const (
	noCredentials = "AWS was not able to validate the provided access credentials"
	invalidToken  = "The security token included in the request is invalid."
)

// The reasons.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_common-errors.html,
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var (
	unknownKey = refusal{
		json:  form{"UnrecognizedClientException", http.StatusBadRequest, ""},
		query: form{"InvalidClientTokenId", http.StatusForbidden, ""},
		ec2:   form{"AuthFailure", http.StatusUnauthorized, noCredentials},
	}
	mismatch = refusal{
		json:  form{"InvalidSignatureException", http.StatusBadRequest, ""},
		query: form{"SignatureDoesNotMatch", http.StatusForbidden, ""},
		ec2:   form{"AuthFailure", http.StatusUnauthorized, noCredentials},
	}
	untimely = refusal{
		json:  form{"InvalidSignatureException", http.StatusBadRequest, ""},
		query: form{"SignatureDoesNotMatch", http.StatusForbidden, ""},
		ec2:   form{"RequestExpired", http.StatusBadRequest, "Request has expired."},
	}
	expiredToken = refusal{
		json:  form{"ExpiredTokenException", http.StatusBadRequest, ""},
		query: form{"ExpiredToken", http.StatusForbidden, ""},
		ec2:   form{"RequestExpired", http.StatusBadRequest, "Request has expired."},
	}
	incomplete = refusal{
		json:  form{"IncompleteSignatureException", http.StatusBadRequest, ""},
		query: form{"IncompleteSignature", http.StatusBadRequest, ""},
		ec2:   form{"IncompleteSignature", http.StatusBadRequest, ""},
	}
	unsigned = refusal{
		json:  form{"MissingAuthenticationTokenException", http.StatusBadRequest, ""},
		query: form{"MissingAuthenticationToken", http.StatusForbidden, ""},
		ec2:   form{"MissingAuthenticationToken", http.StatusForbidden, ""},
	}
	denied = refusal{
		json:  form{"AccessDeniedException", http.StatusBadRequest, ""},
		query: form{"AccessDenied", http.StatusForbidden, ""},
		ec2:   form{"UnauthorizedOperation", http.StatusForbidden, ""},
	}
	noParameter = refusal{ec2: form{"SsmAccessDenied", http.StatusBadRequest, "You are not authorized to read the Systems Manager parameter that names the image."}}
)

// of is r as the service's protocol tells it.
func (r refusal) of(s *wire.Service, message string) error {
	f := r.json
	switch s.Protocol {
	case wire.Query:
		f = r.query
	case wire.EC2Query:
		f = r.ec2
	}
	if f.message != "" {
		message = f.message
	}
	return &wire.Error{Code: f.code, Message: message, Status: f.status}
}

// bad tells what is wrong with a signature.
func bad(s *wire.Service, err error) error {
	e, ok := err.(*sigv4.Error)
	if !ok {
		return mismatch.of(s, err.Error())
	}
	switch e.Kind {
	case sigv4.Incomplete:
		return incomplete.of(s, e.Message)
	case sigv4.Expired:
		return untimely.of(s, e.Message)
	}
	return mismatch.of(s, e.Message)
}
