//! Servers that ask who connects: TLS, credentials, and users that may do no more than the docs say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use stario::{Presence, Relay};
use stario_nats::async_nats::{ConnectErrorKind, ConnectOptions};
use stario_nats::{ConnectError, Nats, NotReady};

use crate::support::logged::Logged;
use crate::support::{Broker, acquainted, next, soon, until};

/// A certificate for `localhost`, or its key.
fn certificate(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stario/tests/tls").join(file).canonicalize().unwrap()
}

fn credentials(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/credentials").join(file)
}

/// The error, and what it comes from.
fn chain(error: &ConnectError) -> String {
    let errors = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn tls_with_a_server_is_checked_by_the_certificates_that_the_app_names() {
    let (certificate_file, key) = (certificate("first.pem"), certificate("first.key"));
    let broker =
        Broker::with_config(&format!("tls {{ cert_file: {certificate_file:?}, key_file: {key:?} }}"));
    let connect = async |scheme: &str, options: ConnectOptions| {
        Nats::with_options(format!("{scheme}://localhost:{}", broker.port), options).await
    };
    let trusting = |file: &str| ConnectOptions::new().add_root_certificates(certificate(file));
    let nats = connect("tls", trusting("first.pem")).await.unwrap();
    let other = connect("tls", trusting("first.pem")).await.unwrap();
    let relays = [Relay::<u32>::over(nats.relay("shop")), Relay::over(other.relay("shop"))];
    soon(nats.ready()).await.unwrap();
    soon(other.ready()).await.unwrap();
    acquainted(&[&relays[0], &relays[1]]).await;
    let mut received = relays[1].resume("a", relays[1].position());
    relays[0].publish("a", 7);
    assert_eq!(next(&mut received).await, Some(7));

    // Not by these, nor by those of the machine; nor where the server alone asks for TLS.
    for (scheme, options) in
        [("tls", trusting("second.pem")), ("tls", ConnectOptions::new()), ("nats", trusting("second.pem"))]
    {
        let error = connect(scheme, options).await.unwrap_err();
        let (text, port) = (chain(&error), broker.port);
        assert!(text.starts_with(&format!("TLS with NATS at localhost:{port} fails: ")), "{text}");
        assert!(text.contains("invalid peer certificate"), "{text}");
        assert_eq!(error.kind(), ConnectErrorKind::Tls);
    }
    let missing = connect("tls", ConnectOptions::new().add_root_certificates("missing.pem".into())).await;
    let text = chain(&missing.unwrap_err());
    assert!(text.contains("TLS") && text.contains("No such file"), "{text}");
    // The certificate is another machine's.
    let address = format!("tls://127.0.0.1:{}", broker.port);
    let text = chain(&Nats::with_options(address, trusting("first.pem")).await.unwrap_err());
    assert!(text.contains("not valid for name"), "{text}");
}

#[tokio::test]
async fn tls_with_a_server_that_has_none_is_an_error() {
    let broker = Broker::start();
    let error = stario_nats::connect(format!("tls://localhost:{}", broker.port)).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Tls, "{}", chain(&error));
}

#[tokio::test]
async fn a_file_of_credentials_is_enough_where_users_have_jwts() {
    let broker = Broker::with_config(&std::fs::read_to_string(credentials("server.conf")).unwrap());
    let options = ConnectOptions::with_credentials_file(credentials("user.creds")).await.unwrap();
    let nats = Nats::with_options(broker.url(), options).await.unwrap();
    let _relay = Relay::<u32>::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    let error = stario_nats::connect(broker.url()).await.unwrap_err();
    let expected =
        format!("NATS at 127.0.0.1:{} refuses the credentials, or expects some and got none", broker.port);
    assert!(chain(&error).starts_with(&expected), "{}", chain(&error));
}

/// The name of a user is a public key, and what proves it a seed.
const PUBLIC_KEY: &str = "UA75K3DII7HA5D3PFN6YBRKCJ65RNGXEDEXVDIEQV6J2R7EXTOZCTO2F";
const SEED: &str = "SUAAG7HFSLZOSQP5GQGHMPUHW7IOP3OUT3WYKCCWWHN3PA44YN7643VMCQ";
const OTHER_SEED: &str = "SUALNOGIOTA7WWHHUWMD6YPT3FMFCPZHMYBOL4RG4YVFXX5JDEVQYHWHCQ";

#[tokio::test]
async fn a_key_is_enough_where_users_have_keys() {
    let broker = Broker::with_config(&format!("authorization {{ users: [ {{ nkey: {PUBLIC_KEY} }} ] }}"));
    let connect =
        async |seed: &str| Nats::with_options(broker.url(), ConnectOptions::with_nkey(seed.to_owned())).await;
    let nats = connect(SEED).await.unwrap();
    let _relay = Relay::<u32>::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    let error = connect(OTHER_SEED).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::AuthorizationViolation, "{}", chain(&error));
    let error = connect("no seed").await.unwrap_err();
    assert!(chain(&error).contains("cannot be used"), "{}", chain(&error));
}

/// Users with the permissions that the docs name for a presence, and with less than a relay needs.
const USERS: &str = r#"authorization { users: [
    { user: "presence", password: "x", permissions: {
        publish: ["$JS.API.>", "$KV.presence_shop.>", "$JS.FC.>"], subscribe: "_INBOX.>" } }
    { user: "nothing", password: "x", permissions: { publish: "_INBOX.>", subscribe: "_INBOX.>" } }
] }"#;

async fn user(broker: &Broker, name: &str) -> Nats {
    stario_nats::connect(format!("nats://{name}:x@127.0.0.1:{}", broker.port)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_permissions_of_the_docs_are_enough_for_a_presence_of_many() {
    const PEOPLE: usize = 3_000;
    let broker = Broker::with_config(USERS);
    // Far longer than the test: a watch that stalls is opened anew after a lease.
    let presence = async || {
        let nats = user(&broker, "presence").await;
        Presence::<String>::over(nats.presence("shop").lease(Duration::from_secs(600)))
    };
    let one = presence().await;
    // More bytes than the server sends before the first answer to its control of the flow.
    let value = "x".repeat(1_500);
    let _people: Vec<_> = (0..PEOPLE).map(|number| one.join("room", number, value.clone())).collect();
    let two = presence().await;
    let mut changes = two.changes("room");
    let all = async { while changes.next().await.unwrap().list().len() < PEOPLE {} };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("the watch stalls");
}

#[tokio::test]
async fn a_start_with_a_relay_that_may_not_subscribe_fails() {
    let broker = Broker::with_config(USERS);
    let nats = user(&broker, "nothing").await;
    let _relay = Relay::<u32>::over(nats.relay("shop"));
    assert_eq!(soon(nats.ready()).await, Err(NotReady::Refused("shop".to_owned())));
}

#[tokio::test]
async fn a_start_that_waits_says_for_what() {
    let mut broker = Broker::start();
    let nats = broker.connect().await;
    let _relay = Relay::<u32>::over(nats.relay("shop"));
    broker.kill();
    until(|| nats.check() == Err(NotReady::Disconnected)).await;
    let logged = Logged::here();
    tokio::time::pause();
    // Longer than it is silent.
    let ready = tokio::time::timeout(Duration::from_secs(30), nats.ready()).await;
    tokio::time::resume();
    assert!(ready.is_err(), "{ready:?}");
    let waits = "the program waits for NATS before it serves: there is no connection to NATS";
    assert_eq!(logged.count(waits), 1, "{logged:?}");
    broker.restart();
    soon(nats.ready()).await.unwrap();
}
