//! Which values of a request are not shown, because they may be secrets.

/// Whether a header or a parameter of this name, or with this value, may hold a secret. Signed and encrypted values are in cookies.
pub(super) fn may_be_secret(text: &str) -> bool {
    /// Anywhere in a text, as in `x-api-key` or `newPassword`.
    const PARTS: [&str; 15] = [
        "auth",
        "bearer",
        "cookie",
        "credential",
        "csrf",
        "iban",
        "jwt",
        "key",
        "passphrase",
        "passw",
        "secret",
        "session",
        "signature",
        "token",
        "xsrf",
    ];
    /// As a whole word, because they are also parts of harmless ones, such as `shipping` and `discard`.
    const WORDS: [&str; 14] = [
        "card",
        "cards",
        "cardnumber",
        "creditcard",
        "cvc",
        "cvv",
        "mfa",
        "otp",
        "pass",
        "pin",
        "pwd",
        "sid",
        "ssn",
        "totp",
    ];
    let lower = text.to_ascii_lowercase();
    PARTS.iter().any(|part| lower.contains(part)) || words(text).any(|word| WORDS.contains(&&*word))
}

/// The words of a name or of a value, in small letters: `card_number`, `card-number` and `cardNumber` have two.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut separated = String::with_capacity(text.len());
    let mut was_small = false;
    for char in text.chars() {
        if was_small && char.is_ascii_uppercase() {
            separated.push(' ');
        }
        was_small = char.is_ascii_lowercase();
        separated.push(if char.is_ascii_alphabetic() { char.to_ascii_lowercase() } else { ' ' });
    }
    let words: Vec<String> = separated.split_ascii_whitespace().map(str::to_owned).collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_secrets_are_usually_called_is_known() {
        for name in [
            "authorization",
            "cookie",
            "set-cookie",
            "api_key",
            "apikey",
            "x-api-key",
            "private_key",
            "password",
            "passwd",
            "newPassword",
            "passphrase",
            "pass",
            "pwd",
            "credentials",
            "session_id",
            "sid",
            "csrf",
            "xsrf-token",
            "otp",
            "totp",
            "mfa_code",
            "pin",
            "newPin",
            "ssn",
            "card",
            "card_number",
            "cardNumber",
            "creditcard",
            "cvv",
            "cvc",
            "iban",
            "jwt",
            "client_secret",
            "access_token",
            "signature",
        ] {
            assert!(may_be_secret(name), "{name}");
            assert!(may_be_secret(&format!("{{\"{name}\":\"1234\"}}")), "{name} in JSON");
        }
        for name in [
            "page",
            "q",
            "shipping",
            "discard",
            "passenger",
            "compass",
            "inside",
            "helicopter",
            "scorecards",
            "name",
        ] {
            assert!(!may_be_secret(name), "{name}");
        }
    }
}
