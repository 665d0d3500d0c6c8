//! The settings of the server that the environment holds.

#[cfg(feature = "compression")]
mod compression;

use std::env::VarError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::unknown_variables;

use crate::error::Result;
use crate::settings::{Address, Limits, SOCKET_MODE, Settings, parse_address};

/// Where to listen. The limits are in the app's settings.
#[derive(Debug)]
pub(crate) struct Config {
    pub(super) addresses: Vec<Address>,
    /// The path of the Unix socket by which sockets are handed over.
    pub(super) hand_over: Option<PathBuf>,
    /// The files of the certificate and of its key, where TLS is used.
    pub(super) tls: Option<(PathBuf, PathBuf)>,
    /// Whether developers are shown more than users, if `STARIO_DEV` says so.
    pub(super) development: Option<bool>,
}

impl Config {
    /// Reads all variables. A variable wins over the code; a blank one counts as unset.
    ///
    /// # Errors
    ///
    /// All values that cannot be used, each with the name of its variable.
    pub(crate) fn from_env(settings: &mut Settings) -> Result<Self> {
        let (config, known) = Self::from_variables(|name| std::env::var(name), settings)?;
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        unknown_variables::warn(names, &known);
        Ok(config)
    }

    /// The same, with the variables by a function; and the names of all variables that stario reads.
    fn from_variables(
        variable: impl Fn(&str) -> Result<String, VarError>,
        settings: &mut Settings,
    ) -> Result<(Self, Vec<String>), BadVariables> {
        let known = vec![crate::telemetry::FORMAT_VARIABLE.to_owned()];
        let mut variables = Variables { variable, known, problems: Vec::new() };
        let mut limits = settings.served.limits.take().unwrap_or_default();
        variables.limits(&mut limits);
        settings.served.limits = Some(limits);
        let count = "a whole number";
        if let Some(bytes) = variables.read("STARIO_REQUESTS_MAX_BODY_BYTES", "a number of bytes") {
            settings.part.body_limit = Some(bytes);
        }
        if let Some(bytes) = variables.read("STARIO_REQUESTS_MAX_SIGNALS_BYTES", "a number of bytes") {
            settings.part.signals_limit = Some(bytes);
        }
        if let Some(limit) = variables.read("STARIO_REQUESTS_MAX_VALUES", count) {
            settings.part.values_limit = Some(limit);
        }
        if let Some(limit) = variables.read("STARIO_DETACHED_LIMIT", count) {
            settings.served.detached_limit = Some(limit);
        }
        #[cfg(feature = "compression")]
        variables.compression(&mut settings.part.compression);
        variables.absent();
        let addresses = variables.addresses(&settings.served.listen);
        let expected = "an address such as 127.0.0.1:9000, or unix: and a path";
        if let Some(address) = variables.read_with("STARIO_PROBE_ADDRESS", expected, parse_address) {
            settings.served.probe_address = Some(address);
        }
        let hand_over =
            variables.read("STARIO_HAND_OVER_SOCKET", "a path").or(settings.served.hand_over.take());
        let tls = variables.tls(settings.served.tls.take());
        let development = variables.development();
        if variables.problems.is_empty() {
            Ok((Self { addresses, hand_over, tls, development }, variables.known))
        } else {
            Err(BadVariables(variables.problems))
        }
    }
}

struct Variables<F> {
    variable: F,
    /// The names of the variables that were asked for.
    known: Vec<String>,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Result<String, VarError>> Variables<F> {
    fn read<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.read_with(name, expected, |value| value.parse().ok())
    }

    /// The variable's value, if it has one that can be used.
    fn read_with<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.known.push(name.to_owned());
        let value = match (self.variable)(name) {
            Ok(value) if value.trim().is_empty() => return None,
            Ok(value) => value,
            Err(VarError::NotPresent) => return None,
            Err(VarError::NotUnicode(value)) => {
                self.problems.push(format!("{name} is not UTF-8, {}: expected {expected}", value.display()));
                return None;
            }
        };
        let parsed = parse(value.trim());
        if parsed.is_none() {
            self.problems.push(format!("{name} is {value:?}: expected {expected}"));
        }
        parsed
    }

    fn limits(&mut self, limits: &mut Limits) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        let count = "a whole number above 0";
        let head_bytes =
            self.read_with("STARIO_REQUESTS_MAX_HEADER_BYTES", "a number of bytes, 8192 at least", |value| {
                value.parse().ok().filter(|bytes| *bytes >= Limits::LEAST_HEAD_BYTES)
            });
        set(&mut limits.head_bytes, head_bytes);
        let head_fields =
            self.read_with("STARIO_REQUESTS_MAX_HEADERS", "a whole number from 1 to 10000", |value| {
                value.parse().ok().filter(|count| (1..=Limits::MOST_HEAD_FIELDS).contains(count))
            });
        set(&mut limits.head_fields, head_fields);
        set(&mut limits.head_timeout, self.seconds("STARIO_REQUESTS_HEADER_TIMEOUT"));
        let body_memory =
            self.read_with("STARIO_REQUESTS_BODY_MEMORY_BYTES", "a number of bytes above 0", above_zero);
        limits.body_memory = body_memory.or(limits.body_memory);
        set(&mut limits.body_timeout, self.seconds("STARIO_REQUESTS_BODY_TIMEOUT"));
        set(&mut limits.keep_alive_timeout, self.seconds("STARIO_REQUESTS_KEEP_ALIVE_TIMEOUT"));
        set(&mut limits.write_timeout, self.seconds("STARIO_REQUESTS_WRITE_TIMEOUT"));
        let connections = self.read_with("STARIO_MAX_CONNECTIONS", count, above_zero);
        limits.connections = connections.or(limits.connections);
        let per_client = self.read_with("STARIO_MAX_CONNECTIONS_PER_CLIENT", count, above_zero);
        limits.connections_per_client = per_client.or(limits.connections_per_client);
        let streams = self.read_with("STARIO_MAX_STREAMS", count, above_zero);
        limits.streams = streams.or(limits.streams);
        #[cfg(feature = "http2")]
        {
            let streams = self.read_with("STARIO_HTTP2_MAX_STREAMS", count, above_zero);
            set(&mut limits.http2.streams, streams);
            set(&mut limits.http2.resets, self.read("STARIO_HTTP2_MAX_RESETS", "a whole number"));
        }
        set(&mut limits.backlog, self.read_with("STARIO_BACKLOG", count, above_zero));
        set(&mut limits.stop_timeout, self.seconds("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT"));
        set(&mut limits.detached_stop_timeout, self.seconds("STARIO_GRACEFUL_SHUTDOWN_DETACHED_TIMEOUT"));
        set(&mut limits.cleanup_timeout, self.seconds("STARIO_GRACEFUL_SHUTDOWN_CLEANUP_TIMEOUT"));
    }

    /// Refuses the variables of features that are off.
    fn absent(&mut self) {
        let compression = [
            "STARIO_COMPRESS_MIN_SIZE",
            "STARIO_COMPRESS_PREFERENCE",
            "STARIO_COMPRESS_ZSTD_LEVEL",
            "STARIO_COMPRESS_BROTLI_LEVEL",
            "STARIO_COMPRESS_GZIP_LEVEL",
        ];
        let http2 = ["STARIO_HTTP2_MAX_STREAMS", "STARIO_HTTP2_MAX_RESETS"];
        let features = [
            (cfg!(feature = "compression"), "compression", &compression[..]),
            (cfg!(feature = "http2"), "http2", &http2[..]),
        ];
        for (is_on, feature, names) in features {
            for name in names.iter().filter(|_| !is_on) {
                if self.read::<String>(name, "no value").is_some() {
                    self.problems
                        .push(format!("{name} is set: expected stario with its feature `{feature}`"));
                }
            }
        }
    }

    fn development(&mut self) -> Option<bool> {
        let name = "STARIO_DEV";
        let setting = self.read_with(name, "0 or 1", |value| match value {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        });
        if setting == Some(true) && !cfg!(debug_assertions) {
            self.problems
                .push(format!("{name} is \"1\": expected a build with debug assertions, which this is not"));
        }
        setting
    }

    /// Decimals are allowed.
    fn seconds(&mut self, name: &str) -> Option<Duration> {
        self.read_with(name, "a number of seconds above 0, at most a year", |value| {
            let seconds = Duration::try_from_secs_f64(value.parse().ok()?).ok()?;
            (seconds > Duration::ZERO && seconds <= Limits::MOST_TIME).then_some(seconds)
        })
    }

    /// The addresses to listen on. A Unix socket takes the place of TCP addresses, unless the environment names some of
    /// those too.
    fn addresses(&mut self, configured: &[Address]) -> Vec<Address> {
        let hosts = self.read_with("STARIO_HOST", "an IP address, or several with commas between", |value| {
            value.split(',').map(|host| host.trim().parse::<IpAddr>().ok()).collect::<Option<Vec<_>>>()
        });
        let port = self.read("STARIO_PORT", "a port number from 0 to 65535");
        let mode = self.read_with("STARIO_UNIX_SOCKET_MODE", "an octal mode such as 660", |value| {
            u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o777)
        });
        let path: Option<PathBuf> = self.read("STARIO_UNIX_SOCKET", "a path");
        let has_address = hosts.is_some() || port.is_some();
        if !has_address && path.is_none() && !configured.is_empty() {
            return configured.to_vec();
        }
        let mut addresses = Vec::new();
        if has_address || path.is_none() {
            let hosts = hosts.unwrap_or_else(|| vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
            let address = |host| Address::Tcp(SocketAddr::new(host, port.unwrap_or(8000)));
            addresses.extend(hosts.into_iter().map(address));
        }
        addresses.extend(path.map(|path| Address::Unix { path, mode: mode.unwrap_or(SOCKET_MODE) }));
        addresses
    }

    fn tls(&mut self, configured: Option<(PathBuf, PathBuf)>) -> Option<(PathBuf, PathBuf)> {
        let certificate: Option<PathBuf> = self.read("STARIO_SSL_CERTFILE", "a path");
        let key: Option<PathBuf> = self.read("STARIO_SSL_KEYFILE", "a path");
        let files = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => configured,
            _ => {
                self.problems
                    .push("STARIO_SSL_CERTFILE and STARIO_SSL_KEYFILE: expected both or none".to_owned());
                None
            }
        };
        if files.is_some() && cfg!(not(feature = "tls")) {
            self.problems
                .push("STARIO_SSL_CERTFILE is set: expected stario with its feature `tls`".to_owned());
        }
        files
    }
}

fn above_zero<T: FromStr + Default + PartialEq>(value: &str) -> Option<T> {
    value.parse().ok().filter(|value| *value != T::default())
}

/// Every variable that cannot be used.
#[derive(Debug)]
struct BadVariables(Vec<String>);

impl std::error::Error for BadVariables {}

impl fmt::Display for BadVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn config(variables: &[(&str, &str)], settings: &mut Settings) -> Result<Config, String> {
        let found = |name: &str| {
            let value = variables.iter().find(|(variable, _)| *variable == name);
            value.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        };
        let config = Config::from_variables(found, settings);
        config.map(|(config, _)| config).map_err(|error| error.to_string())
    }

    fn addresses(variables: &[(&str, &str)]) -> Result<String, String> {
        let mut settings = Settings::default();
        let config = config(variables, &mut settings)?;
        let addresses: Vec<String> = config.addresses.iter().map(ToString::to_string).collect();
        Ok(addresses.join(" "))
    }

    #[test]
    fn the_environment_names_the_addresses_or_is_refused_by_name() {
        let check = |variables: &[(&str, &str)], expected: Result<&str, &str>| {
            let found = addresses(variables);
            assert_eq!(found.as_deref().map_err(String::as_str), expected);
        };
        check(&[], Ok("127.0.0.1:8000"));
        check(&[("STARIO_HOST", " "), ("STARIO_PORT", "")], Ok("127.0.0.1:8000"));
        check(&[("STARIO_HOST", "0.0.0.0"), ("STARIO_PORT", "80")], Ok("0.0.0.0:80"));
        check(&[("STARIO_HOST", "127.0.0.1, ::1"), ("STARIO_PORT", "0")], Ok("127.0.0.1:0 [::1]:0"));
        check(&[("STARIO_UNIX_SOCKET", "/run/a")], Ok("unix:/run/a"));
        check(&[("STARIO_UNIX_SOCKET", "/run/a"), ("STARIO_PORT", "1")], Ok("127.0.0.1:1 unix:/run/a"));
        check(
            &[("STARIO_HOST", "here")],
            Err("STARIO_HOST is \"here\": expected an IP address, or several with commas between"),
        );
        check(
            &[("STARIO_PORT", "65536")],
            Err("STARIO_PORT is \"65536\": expected a port number from 0 to 65535"),
        );
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = [
            ("STARIO_REQUESTS_MAX_HEADER_BYTES", "256"),
            ("STARIO_REQUESTS_BODY_MEMORY_BYTES", "0"),
            ("STARIO_REQUESTS_BODY_TIMEOUT", "-1"),
            ("STARIO_REQUESTS_WRITE_TIMEOUT", "nan"),
            ("STARIO_REQUESTS_KEEP_ALIVE_TIMEOUT", "1e300"),
            ("STARIO_REQUESTS_MAX_HEADERS", "10001"),
            ("STARIO_MAX_CONNECTIONS", "0"),
            ("STARIO_MAX_CONNECTIONS_PER_CLIENT", "0"),
            ("STARIO_MAX_STREAMS", "many"),
            ("STARIO_PROBE_ADDRESS", "9000"),
            ("STARIO_UNIX_SOCKET_MODE", "888"),
            ("STARIO_SSL_KEYFILE", "key.pem"),
        ];
        let message = config(&bad, &mut Settings::default()).unwrap_err();
        assert_eq!(message.lines().count(), bad.len(), "{message}");
        for (name, _) in bad {
            assert!(message.contains(name), "{name} in {message}");
        }
    }

    #[test]
    fn the_environment_counts_before_the_code() {
        let mut settings = Settings::default();
        let time = Duration::from_secs;
        settings.served.limits = Some(Limits::default().head_timeout(time(1)).body_timeout(time(2)));
        settings.served.listen = vec![parse_address("127.0.0.1:1").unwrap()];
        settings.served.hand_over = Some("/run/code".into());
        let variables = [
            ("STARIO_REQUESTS_HEADER_TIMEOUT", "0.5"),
            ("STARIO_REQUESTS_MAX_BODY_BYTES", "7"),
            ("STARIO_REQUESTS_BODY_MEMORY_BYTES", "70"),
            ("STARIO_HAND_OVER_SOCKET", "/run/environment"),
        ];
        let config = config(&variables, &mut settings).unwrap();
        assert_eq!(config.addresses, settings.served.listen);
        assert_eq!(config.hand_over.as_deref(), Some("/run/environment".as_ref()));
        let limits = settings.served.limits.as_ref().unwrap();
        assert_eq!((limits.head_timeout, limits.body_timeout), (Duration::from_millis(500), time(2)));
        assert_eq!((settings.part.body_limit(), limits.body_memory), (7, Some(70)));
    }

    #[test]
    fn a_variable_of_a_feature_that_is_off_is_refused() {
        let features = [
            (cfg!(feature = "compression"), "STARIO_COMPRESS_ZSTD_LEVEL", "compression"),
            (cfg!(feature = "compression"), "STARIO_COMPRESS_MIN_SIZE", "compression"),
            (cfg!(feature = "http2"), "STARIO_HTTP2_MAX_STREAMS", "http2"),
            (cfg!(feature = "http2"), "STARIO_HTTP2_MAX_RESETS", "http2"),
        ];
        for (is_on, name, feature) in features {
            let expected = format!("{name} is set: expected stario with its feature `{feature}`");
            let found = config(&[(name, "1")], &mut Settings::default()).map(drop);
            assert_eq!(found, if is_on { Ok(()) } else { Err(expected) });
        }
    }

    #[cfg(feature = "http2")]
    #[test]
    fn a_bad_limit_of_http2_is_named() {
        let message = config(&[("STARIO_HTTP2_MAX_RESETS", "-1")], &mut Settings::default()).unwrap_err();
        assert_eq!(message, "STARIO_HTTP2_MAX_RESETS is \"-1\": expected a whole number");
    }
}
