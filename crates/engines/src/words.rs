//! The words of names that programs give to things.

use unicode_normalization::UnicodeNormalization;

/// The words of a name in lower case: split where it is not alphanumeric, between letters and digits, before a capital
/// that follows a small letter, and before the last capital of a run (`deleteURLNow` is delete, url, now). Letters of other
/// widths and styles count as the plain ones (NFKC, Unicode Standard Annex 15); look-alikes of other scripts do not.
pub(crate) fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.nfkc().collect();
    let mut words = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        let starts =
            index > 0 && begins_word(characters[index - 1], character, characters.get(index + 1).copied());
        if starts || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether what is named so, or titled so, sounds like a secret: a password, a token, a key that opens something, a code that
/// proves who somebody is. Of codes and keys there are many that are none, `country code` and `primary key`, so that those
/// are named; otherwise doubt counts as a secret.
pub(crate) fn sounds_secret(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    let is_word = |word: &String| SECRET_WORDS.contains(&word.as_str());
    SECRET_PARTS.iter().any(|part| joined.contains(part)) || words.iter().any(is_word)
}

/// Also within a word, and over the gaps between words: `clientsecret`, `api_key`, `pass word`.
const SECRET_PARTS: [&str; 40] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "credential",
    "accesstoken",
    "apitoken",
    "authtoken",
    "refreshtoken",
    "authentication",
    "authorization",
    "oauth",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "sshkey",
    "masterkey",
    "recoverykey",
    "securitykey",
    "sessionkey",
    "onetimecode",
    "verificationcode",
    "securitycode",
    "recoverycode",
    "backupcode",
    "accesscode",
    "activationcode",
    "logincode",
    "pincode",
    "smscode",
    "2facode",
    "factorcode",
    "authenticatorcode",
    "cardnumber",
    "seedphrase",
    "recoveryphrase",
    "mnemonic",
];
/// As words alone: `spin`, `author` and `max_tokens` are no secrets.
const SECRET_WORDS: [&str; 16] = [
    "auth", "token", "pass", "pwd", "psw", "pin", "pins", "puk", "otp", "totp", "cvv", "cvc", "csc", "mfa",
    "bearer", "jwt",
];

fn begins_word(before: char, this: char, after: Option<char>) -> bool {
    let digit_edge = before.is_ascii_digit() != this.is_ascii_digit();
    let camel_edge = before.is_lowercase() && this.is_uppercase();
    let run_ends = before.is_uppercase() && this.is_uppercase() && after.is_some_and(char::is_lowercase);
    digit_edge || camel_edge || run_ends
}

#[cfg(test)]
mod tests {
    use super::{sounds_secret, words};

    #[test]
    fn names_fall_into_words() {
        let table: [(&str, &[&str]); 10] = [
            ("delete_user", &["delete", "user"]),
            ("deleteURLNow", &["delete", "url", "now"]),
            ("getHTTP2Stream", &["get", "http", "2", "stream"]),
            ("list-files.v2", &["list", "files", "v", "2"]),
            ("GET", &["get"]),
            ("getAndDelete", &["get", "and", "delete"]),
            ("__x__", &["x"]),
            ("RunSQL", &["run", "sql"]),
            ("query1drop", &["query", "1", "drop"]),
            ("...", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn secrets_are_told_by_their_names() {
        for secret in [
            "password",
            "newPassword",
            "PASSWORD",
            "user_passwd",
            "pwd",
            "db.pwd",
            "pass",
            "passphrase",
            "apiKey",
            "api_key",
            "api-key",
            "APIKey",
            "apikey",
            "x-api-key2",
            "access_token",
            "accessToken",
            "token",
            "clientsecret",
            "client_secret",
            "Your password",
            "Pass word",
            "pin",
            "PIN code",
            "cardPin",
            "otp",
            "OTP2",
            "cvv",
            "CVC2",
            "Authorization",
            "auth",
            "oauth",
            "bearer",
            "jwt",
            "private_key",
            "Card number",
            "credentials",
            "verification code",
            "SMS code",
            "2FA code",
            "Two-factor code",
            "recovery code",
            "recovery phrase",
            "master key",
            "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}",
            "\u{1d429}\u{1d422}\u{1d427}",
        ] {
            assert!(sounds_secret(secret), "{secret}");
        }
        for plain in [
            "name",
            "street",
            "city",
            "spin",
            "shopping",
            "compass",
            "keyboard",
            "key",
            "code",
            "country code",
            "promo code",
            "primary key",
            "email",
            "",
            "...",
            "author",
            "authority",
            "max_tokens",
            "tokenizer",
        ] {
            assert!(!sounds_secret(plain), "{plain}");
        }
    }
}
