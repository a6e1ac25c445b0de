package secretsmanager

import (
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	lower       = "abcdefghijklmnopqrstuvwxyz"
	digits      = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// getRandomPassword makes a password of the kinds of characters that are not excluded.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
func getRandomPassword(_ *store.Tx, in *secretsmanager.GetRandomPasswordInput) (*secretsmanager.GetRandomPasswordOutput, error) {
	n := int64(32)
	if in.PasswordLength != nil {
		n = *in.PasswordLength
	}
	switch {
	case n < 1:
		return nil, breaks(strconv.FormatInt(n, 10), "passwordLength", "have value greater than or equal to 1")
	case n > 4096:
		return nil, breaks(strconv.FormatInt(n, 10), "passwordLength", "have value less than or equal to 4096")
	}
	if err := checkLength("excludeCharacters", in.ExcludeCharacters, 0, 4096); err != nil {
		return nil, err
	}
	kinds := passwordKinds(in)
	all := strings.Join(kinds, "")
	each := in.RequireEachIncludedType == nil || *in.RequireEachIncludedType
	switch {
	case all == "":
		return nil, invalid("No characters are left to generate a password: fewer must be excluded.")
	case each && int(n) < len(kinds):
		return nil, invalid("The password length is too short based on the required types.")
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = all[random(len(all))]
		if each && i < len(kinds) {
			b[i] = kinds[i][random(len(kinds[i]))]
		}
	}
	shuffle(b)
	return &secretsmanager.GetRandomPasswordOutput{RandomPassword: aws.String(string(b))}, nil
}

// passwordKinds returns the characters of each kind that is wanted, without those excluded; a kind of
// which nothing is left is none.
func passwordKinds(in *secretsmanager.GetRandomPasswordInput) (kinds []string) {
	for _, k := range []struct {
		chars string
		wants bool
	}{
		{lower, !aws.ToBool(in.ExcludeLowercase)},
		{strings.ToUpper(lower), !aws.ToBool(in.ExcludeUppercase)},
		{digits, !aws.ToBool(in.ExcludeNumbers)},
		{punctuation, !aws.ToBool(in.ExcludePunctuation)},
		{" ", aws.ToBool(in.IncludeSpace)},
	} {
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(aws.ToString(in.ExcludeCharacters), r) {
				return -1
			}
			return r
		}, k.chars)
		if k.wants && left != "" {
			kinds = append(kinds, left)
		}
	}
	return kinds
}

// shuffle mixes b, so that the characters of required kinds stand anywhere. What stands beyond the
// first 256 is as random as what is drawn from there.
func shuffle(b []byte) {
	for i := min(len(b), 256) - 1; i > 0; i-- {
		j := random(i + 1)
		b[i], b[j] = b[j], b[i]
	}
}
