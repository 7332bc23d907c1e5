//! Finds secrets that a person or a program would guess.

/// The fewest characters of a secret.
const MIN_CHARS: usize = 16;

/// The fewest different characters. A random number of 16 digits has fewer once in 250 times.
const MIN_DIFFERENT: usize = 6;

/// The fewest characters that do not follow from those before them.
const MIN_UNPREDICTABLE: usize = 12;

/// The shortest part that counts as a repetition of an earlier one.
const MIN_REPEATED: usize = 3;

/// The shortest row of neighbours that counts as one: `1234`, `dcba`, `qwer`.
const MIN_ROW: usize = 4;

/// Neighbours on a keyboard, and digits as people count them.
const ROWS: [&str; 8] = [
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/// Words of placeholders and of bad passwords. A word comes before its prefixes.
const OBVIOUS: [&str; 48] = [
    "administrator",
    "admin",
    "arbiter",
    "azerty",
    "bytes",
    "changeit",
    "changeme",
    "change",
    "characters",
    "chars",
    "default",
    "development",
    "example",
    "geheim",
    "generate",
    "here",
    "hidden",
    "insecure",
    "insert",
    "letmein",
    "long",
    "master",
    "passphrase",
    "password",
    "passwort",
    "passwd",
    "placeholder",
    "please",
    "private",
    "production",
    "random",
    "replace",
    "root",
    "sample",
    "secret",
    "session",
    "something",
    "static-auth",
    "string",
    "super",
    "switchboard",
    "testing",
    "thisis",
    "token",
    "value",
    "welcome",
    "with",
    "your",
];

/// Why a secret is not accepted. The text never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer characters than a secret needs.
    #[error("must have {MIN_CHARS} characters or more")]
    Short,
    /// Nearly one character alone.
    #[error(
        "must have {MIN_DIFFERENT} different characters or more; `openssl rand -base64 24` makes a good one"
    )]
    Uniform,
    /// Repetitions, rows of neighbours or obvious words.
    #[error(
        "is easy to guess: it repeats itself, counts up, or is made of obvious words; `openssl rand -base64 24` makes a good one"
    )]
    Obvious,
}

/// The reason to refuse `secret`; `None` if it is strong enough.
pub fn weakness_of(secret: &str) -> Option<Weakness> {
    let text: Vec<char> = secret.to_lowercase().chars().collect();
    if secret.chars().count() < MIN_CHARS {
        return Some(Weakness::Short);
    }
    let mut different = text.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < MIN_DIFFERENT {
        return Some(Weakness::Uniform);
    }
    (unpredictable(&text) < MIN_UNPREDICTABLE).then_some(Weakness::Obvious)
}

/// Counts the parts of `text`; an obvious word, a row or a repetition is one part, however long it is.
fn unpredictable(text: &[char]) -> usize {
    let (mut at, mut parts) = (0, 0);
    while at < text.len() {
        at += word_at(text, at).max(row_at(text, at)).max(repetition_at(text, at)).max(1);
        parts += 1;
    }
    parts
}

fn word_at(text: &[char], at: usize) -> usize {
    let starts_here = |word: &&&str| word.chars().eq(text[at..].iter().copied().take(word.len()));
    OBVIOUS.iter().find(starts_here).map_or(0, |word| word.len())
}

/// The length of the row of neighbours that starts at `at`; 0 if it is too short to count.
fn row_at(text: &[char], at: usize) -> usize {
    let steps = |step: fn(char, char) -> bool| {
        text[at..].windows(2).take_while(|pair| step(pair[0], pair[1])).count()
    };
    let longest = steps(is_next).max(steps(|a, b| is_next(b, a))) + 1;
    if longest < MIN_ROW { 0 } else { longest }
}

fn is_next(a: char, b: char) -> bool {
    let follows = |row: &str| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b));
    u32::from(a) + 1 == u32::from(b) || ROWS.iter().any(|row| follows(row))
}

/// The length of the longest part at `at` that also starts earlier; 0 if it is too short to count.
fn repetition_at(text: &[char], at: usize) -> usize {
    let shared = |from: usize| text[from..].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count();
    let longest = (0..at).map(shared).max().unwrap_or_default();
    if longest < MIN_REPEATED { 0 } else { longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_and_thought_out_secrets_are_accepted() {
        for secret in [
            "u2Dq8vWl1zTn4cXe",
            "9f86d081884c7d65",
            "4929 7708 1536 8024",
            "0b0cf2f9-6d4e-4d0b-8a0c-5c2d1a1f8e37",
            "correct horse battery staple",
            "kfqwzjxmuvhtrpgy",
            "Üben, jeden Tag ein Lied",
            "q3zLhVb0pDk7sQyTn1mXwA==",
        ] {
            assert_eq!(weakness_of(secret), None, "{secret}");
        }
    }

    #[test]
    fn secrets_that_are_guessed_are_refused() {
        for secret in ["", "x", "changeme", "north", "u2Dq8vWl1zTn4cX", "ääääääää"] {
            assert_eq!(weakness_of(secret), Some(Weakness::Short), "{secret}");
        }
        for secret in ["aaaaaaaaaaaaaaaa", "abababababababababab", "1111222233334444", "AaAaAaAaAaAaAaAa"] {
            assert_eq!(weakness_of(secret), Some(Weakness::Uniform), "{secret}");
        }
        for secret in [
            "passwordpassword",
            "Password12345678!",
            "change-me-change-me",
            "changemechangeme",
            "1234567890123456",
            "0123456789abcdef",
            "0123456789ABCDEF0123456789ABCDEF",
            "fedcba9876543210",
            "qwertyuiopasdfgh",
            "abcdefghijklmnop",
            "your-secret-here-please",
            "supersecretpassword",
            "my-session-secret",
            "switchboard-admin-token",
            "abcdefghabcdefgh",
            "example-turn-secret",
            "REPLACE_ME_WITH_32_CHARS",
            "<long-random-value-here>",
            "1q2w3e4r5t6y7u8i",
            "qazwsxedcrfvtgby",
            "1qaz2wsx3edc4rfv",
        ] {
            assert_eq!(weakness_of(secret), Some(Weakness::Obvious), "{secret}");
        }
    }
}
