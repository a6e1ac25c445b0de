package wire

// codecs holds one of each codec: they differ in the names that they give to members.
type codecs struct {
	camelIn, pascalIn   *jsonReader
	camelOut, pascalOut *jsonWriter
	queryIn, ec2In      *formReader
	queryOut, ec2Out    *xmlWriter
}

func newCodecs() *codecs {
	return &codecs{
		camelIn: newJSONReader(camelName), pascalIn: newJSONReader(pascalName),
		camelOut: newJSONWriter(camelName), pascalOut: newJSONWriter(pascalName),
		queryIn: newFormReader(false, pascalName), ec2In: newFormReader(true, ec2Request),
		queryOut: newXMLWriter("member", pascalName), ec2Out: newXMLWriter("item", ec2Answer),
	}
}

// answers returns the writer of a JSON service.
func (c *codecs) answers(s *Service) *jsonWriter {
	if s.Pascal {
		return c.pascalOut
	}
	return c.camelOut
}

// read fills in from the request's body.
func (c *codecs) read(s *Service, q *request, in any) error {
	switch {
	case s.Protocol == Query:
		return c.queryIn.read(q.form, in)
	case s.Protocol == EC2Query:
		return c.ec2In.read(q.form, in)
	case s.Pascal:
		return c.pascalIn.read(q.body, in)
	}
	return c.camelIn.read(q.body, in)
}

// write appends the answer to an operation.
func (c *codecs) write(b []byte, s *Service, call Call, out any) ([]byte, error) {
	var err error
	op := call.Operation
	switch s.Protocol {
	case Query:
		b = append(b, "<"+op+`Response xmlns="`+s.Namespace+`"><`+op+"Result>"...)
		if b, err = c.queryOut.write(b, out); err != nil {
			return b, err
		}
		b = append(b, "</"+op+"Result><ResponseMetadata>"...)
		b = appendElement(b, "RequestId", call.RequestID)
		return append(b, "</ResponseMetadata></"+op+"Response>"...), nil
	case EC2Query:
		b = append(b, xmlHeader+"<"+op+`Response xmlns="`+s.Namespace+`">`...)
		b = appendElement(b, "requestId", call.RequestID)
		if b, err = c.ec2Out.write(b, out); err != nil {
			return b, err
		}
		return appendClose(b, op+"Response"), nil
	}
	return c.answers(s).write(b, out)
}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
