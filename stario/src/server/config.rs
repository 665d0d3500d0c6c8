//! What the environment says about the server.

use std::env::VarError;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::error::Result;

pub(super) struct Config {
    pub(super) address: SocketAddr,
}

impl Config {
    /// `STARIO_HOST`, an IP address, and `STARIO_PORT`, 0 for any free port. A blank value counts as unset.
    pub(super) fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self> {
        let host = parse(&variable, "STARIO_HOST", "an IP address")?;
        let port = parse(&variable, "STARIO_PORT", "a port number from 0 to 65535")?;
        let host = host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Ok(Self { address: SocketAddr::new(host, port.unwrap_or(8000)) })
    }
}

fn parse<T: std::str::FromStr>(
    variable: &impl Fn(&str) -> Result<String, VarError>,
    name: &str,
    expected: &str,
) -> Result<Option<T>> {
    let problem = |found: &dyn std::fmt::Debug| {
        let message = format!("{name} is {found:?}: expected {expected}");
        std::io::Error::new(std::io::ErrorKind::InvalidInput, message).into()
    };
    match variable(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => value.trim().parse().map(Some).map_err(|_| problem(&value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(value)) => Err(problem(&value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: Option<&str>, port: Option<&str>, expected: Result<&str, &str>) {
        let config = Config::from_variables(|name| {
            let value = if name == "STARIO_HOST" { host } else { port };
            value.map(str::to_owned).ok_or(VarError::NotPresent)
        });
        let found = config.map(|config| config.address.to_string()).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_environment_names_the_address_or_is_refused_by_name() {
        check(None, None, Ok("127.0.0.1:8000"));
        check(Some(" "), Some(""), Ok("127.0.0.1:8000"));
        check(Some("0.0.0.0"), Some("80"), Ok("0.0.0.0:80"));
        check(Some("::1"), Some("0"), Ok("[::1]:0"));
        check(Some("here"), None, Err("STARIO_HOST is \"here\": expected an IP address"));
        check(None, Some("65536"), Err("STARIO_PORT is \"65536\": expected a port number from 0 to 65535"));
    }
}
