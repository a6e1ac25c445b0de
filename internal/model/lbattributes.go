package model

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Defaults of attributes, as AWS has them: what a resource that was never modified answers.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
// and API_TargetGroupAttribute.html, API_ListenerAttribute.html beside it.
var (
	loadBalancerDefaults = map[string]string{
		"access_logs.s3.enabled":                                   "false",
		"access_logs.s3.bucket":                                    "",
		"access_logs.s3.prefix":                                    "",
		"client_keep_alive.seconds":                                "3600",
		"connection_logs.s3.enabled":                               "false",
		"connection_logs.s3.bucket":                                "",
		"connection_logs.s3.prefix":                                "",
		"deletion_protection.enabled":                              "false",
		"health_check_logs.s3.enabled":                             "false",
		"health_check_logs.s3.bucket":                              "",
		"health_check_logs.s3.prefix":                              "",
		"idle_timeout.timeout_seconds":                             "60",
		"ipv6.deny_all_igw_traffic":                                "false",
		"load_balancing.cross_zone.enabled":                        "true",
		"routing.http.desync_mitigation_mode":                      "defensive",
		"routing.http.drop_invalid_header_fields.enabled":          "false",
		"routing.http.preserve_host_header.enabled":                "false",
		"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
		"routing.http.xff_client_port.enabled":                     "false",
		"routing.http.xff_header_processing.mode":                  "append",
		"routing.http2.enabled":                                    "true",
		"waf.fail_open.enabled":                                    "false",
		"zonal_shift.config.enabled":                               "false",
	}
	targetGroupDefaults = map[string]string{
		"deregistration_delay.timeout_seconds":                                           "300",
		"load_balancing.algorithm.anomaly_mitigation":                                    "off",
		"load_balancing.algorithm.type":                                                  "round_robin",
		"load_balancing.cross_zone.enabled":                                              "use_load_balancer_configuration",
		"slow_start.duration_seconds":                                                    "0",
		"stickiness.app_cookie.cookie_name":                                              "",
		"stickiness.app_cookie.duration_seconds":                                         "86400",
		"stickiness.enabled":                                                             "false",
		"stickiness.lb_cookie.duration_seconds":                                          "86400",
		"stickiness.type":                                                                "lb_cookie",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
	listenerDefaults = map[string]string{
		"routing.http.response.server.enabled":                                "true",
		"routing.http.response.strict_transport_security.header_value":        "",
		"routing.http.response.access_control_allow_origin.header_value":      "",
		"routing.http.response.access_control_allow_methods.header_value":     "",
		"routing.http.response.access_control_allow_headers.header_value":     "",
		"routing.http.response.access_control_allow_credentials.header_value": "",
		"routing.http.response.access_control_expose_headers.header_value":    "",
		"routing.http.response.access_control_max_age.header_value":           "",
		"routing.http.response.content_security_policy.header_value":          "",
		"routing.http.response.x_content_type_options.header_value":           "",
		"routing.http.response.x_frame_options.header_value":                  "",
	}
	// secureListenerDefaults are those that only HTTPS listeners have.
	secureListenerDefaults = map[string]string{
		"routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name": "X-Amzn-Mtls-Clientcert-Serial-Number",
		"routing.http.request.x_amzn_mtls_clientcert_issuer.header_name":        "X-Amzn-Mtls-Clientcert-Issuer",
		"routing.http.request.x_amzn_mtls_clientcert_subject.header_name":       "X-Amzn-Mtls-Clientcert-Subject",
		"routing.http.request.x_amzn_mtls_clientcert_validity.header_name":      "X-Amzn-Mtls-Clientcert-Validity",
		"routing.http.request.x_amzn_mtls_clientcert_leaf.header_name":          "X-Amzn-Mtls-Clientcert-Leaf",
		"routing.http.request.x_amzn_mtls_clientcert.header_name":               "X-Amzn-Mtls-Clientcert",
		"routing.http.request.x_amzn_tls_version.header_name":                   "X-Amzn-Tls-Version",
		"routing.http.request.x_amzn_tls_cipher_suite.header_name":              "X-Amzn-Tls-Cipher-Suite",
	}
)

// Defaults returns the attributes of an Application Load Balancer with l's scheme that nobody modified.
func (l LoadBalancer) Defaults() map[string]string {
	d := maps.Clone(loadBalancerDefaults)
	if l.Scheme == "internal" {
		d["ipv6.deny_all_igw_traffic"] = "true"
	}
	return d
}

// Defaults returns the attributes of a listener with l's protocol that nobody modified.
func (l Listener) Defaults() map[string]string {
	d := maps.Clone(listenerDefaults)
	if l.Protocol == "HTTPS" {
		maps.Copy(d, secureListenerDefaults)
	}
	return d
}

// Defaults returns the attributes of a target group that nobody modified.
func (g TargetGroup) Defaults() map[string]string { return maps.Clone(targetGroupDefaults) }

// Setting is one attribute and its value.
type Setting struct{ Key, Value string }

// Settings returns every attribute of l, sorted by key.
func (l LoadBalancer) Settings() []Setting { return settings(l.Defaults(), l.Attributes) }

// Settings returns every attribute of l, sorted by key.
func (l Listener) Settings() []Setting { return settings(l.Defaults(), l.Attributes) }

// Settings returns every attribute of g, sorted by key.
func (g TargetGroup) Settings() []Setting { return settings(g.Defaults(), g.Attributes) }

func settings(all, set map[string]string) []Setting {
	maps.Copy(all, set)
	ss := make([]Setting, 0, len(all))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		ss = append(ss, Setting{k, all[k]})
	}
	return ss
}

// IdleTimeout is how long a connection may stay without a byte.
func (l LoadBalancer) IdleTimeout() time.Duration {
	return seconds(l.Attributes, loadBalancerDefaults, "idle_timeout.timeout_seconds")
}

// KeepAlive is how long a client may keep one connection, however busy.
func (l LoadBalancer) KeepAlive() time.Duration {
	return seconds(l.Attributes, loadBalancerDefaults, "client_keep_alive.seconds")
}

// Protected reports whether deletion protection is on.
func (l LoadBalancer) Protected() bool { return l.on("deletion_protection.enabled") }

// PreserveHost reports whether targets get the Host header as the client sent it.
func (l LoadBalancer) PreserveHost() bool { return l.on("routing.http.preserve_host_header.enabled") }

// DropInvalidHeaders reports whether header fields with invalid names are removed.
func (l LoadBalancer) DropInvalidHeaders() bool {
	return l.on("routing.http.drop_invalid_header_fields.enabled")
}

// TLSHeaders reports whether targets get X-Amzn-Tls-Version and X-Amzn-Tls-Cipher-Suite.
func (l LoadBalancer) TLSHeaders() bool {
	return l.on("routing.http.x_amzn_tls_version_and_cipher_suite.enabled")
}

// ClientPort reports whether X-Forwarded-For carries the client's port.
func (l LoadBalancer) ClientPort() bool { return l.on("routing.http.xff_client_port.enabled") }

// ForwardedFor says what happens to X-Forwarded-For: append, preserve or remove.
func (l LoadBalancer) ForwardedFor() string {
	return setting(l.Attributes, loadBalancerDefaults, "routing.http.xff_header_processing.mode")
}

// HTTP2 reports whether clients may speak HTTP/2 to HTTPS listeners.
func (l LoadBalancer) HTTP2() bool { return l.on("routing.http2.enabled") }

func (l LoadBalancer) on(key string) bool {
	return setting(l.Attributes, loadBalancerDefaults, key) == "true"
}

// ServerHeader reports whether answers carry a Server header.
func (l Listener) ServerHeader() bool {
	return setting(l.Attributes, listenerDefaults, "routing.http.response.server.enabled") == "true"
}

// DeregistrationDelay is how long a leaving target may finish its requests.
func (g TargetGroup) DeregistrationDelay() time.Duration {
	return seconds(g.Attributes, targetGroupDefaults, "deregistration_delay.timeout_seconds")
}

func setting(set, defaults map[string]string, key string) string {
	if v, ok := set[key]; ok {
		return v
	}
	return defaults[key]
}

// seconds reads an attribute that is a number of seconds; a value that is none reads as the default.
func seconds(set, defaults map[string]string, key string) time.Duration {
	n, err := strconv.Atoi(setting(set, defaults, key))
	if err != nil || n < 0 {
		n, _ = strconv.Atoi(defaults[key])
	}
	return time.Duration(n) * time.Second
}
