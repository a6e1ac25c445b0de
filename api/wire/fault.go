package wire

import (
	"github.com/aws/smithy-go"
)

// fault writes an error as one protocol has it.
func (c *codecs) fault(p style, s *Service, call Call, err smithy.APIError) []byte {
	code, message := err.ErrorCode(), err.ErrorMessage()
	b := make([]byte, 0, 256+len(message))
	switch p {
	case queryStyle:
		namespace, blame := "", "Sender"
		if s != nil && s.Namespace != "" {
			namespace = ` xmlns="` + s.Namespace + `"`
		}
		if status(err) >= 500 {
			blame = "Receiver"
		}
		b = append(b, "<ErrorResponse"+namespace+"><Error><Type>"+blame+"</Type>"...)
		b = appendElement(appendElement(b, "Code", code), "Message", message)
		b = appendElement(append(b, "</Error>"...), "RequestId", call.RequestID)
		return appendClose(b, "ErrorResponse")
	case ec2Style:
		b = append(b, xmlHeader+"<Response><Errors><Error>"...)
		b = appendElement(appendElement(b, "Code", code), "Message", message)
		b = appendElement(append(b, "</Error></Errors>"...), "RequestID", call.RequestID)
		return appendClose(b, "Response")
	case restXMLStyle:
		b = append(b, xmlHeader+"<Error>"...)
		b = appendElement(appendElement(b, "Code", code), "Message", message)
		return appendClose(appendElement(b, "RequestId", call.RequestID), "Error")
	case cborStyle:
		b = append(b, 0xa2) // a map of two
		b = appendCBOR(appendCBOR(b, "__type"), code)
		return appendCBOR(appendCBOR(b, "message"), message)
	}
	b = appendString(append(b, `{"__type":`...), code)
	b = appendString(append(b, `,"message":`...), message)
	if s != nil {
		b = c.details(b, s, err)
	}
	return append(b, '}')
}

// appendCBOR appends a text string of at most 65,535 bytes.
func appendCBOR(b []byte, s string) []byte {
	if len(s) > 0xffff {
		s = clip(s)
	}
	return append(append(b, 0x79, byte(len(s)>>8), byte(len(s))), s...)
}
