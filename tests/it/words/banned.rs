//! The words that comments, test names and documents do without.

/// Words and phrases; each is found in any case, and only as whole words.
const WORDS: [&str; 9] =
    ["whoever", "somebody", "nobody", "whom", "takes note", "goes on", "in vain", "anew", "besides"];
const PHRASE: &str = "is taken for";

/// Finds every banned word in a text, with its byte offset.
pub fn find(text: &str) -> Vec<(usize, String)> {
    let words = words(text);
    let mut found = Vec::new();
    for start in 0..words.len() {
        let rest = &words[start..];
        let phrase = WORDS.iter().chain([&PHRASE]).find(|phrase| begins_with(rest, phrase));
        if let Some(phrase) = phrase {
            found.push((rest[0].0, (*phrase).to_owned()));
        } else if let Some(riddle) = what_is_done(rest) {
            found.push((rest[0].0, riddle));
        }
    }
    found
}

/// "What is …-ed", with at most one word between: a riddle in the place of a noun.
fn what_is_done(words: &[(usize, String)]) -> Option<String> {
    if !begins_with(words, "what is") {
        return None;
    }
    let end = words.iter().skip(2).take(2).position(|(_, word)| word.len() > 3 && word.ends_with("ed"))?;
    let riddle: Vec<_> = words[..end + 3].iter().map(|(_, word)| word.as_str()).collect();
    Some(riddle.join(" "))
}

fn begins_with(words: &[(usize, String)], phrase: &str) -> bool {
    let mut words = words.iter();
    phrase.split(' ').all(|part| words.next().is_some_and(|(_, word)| word == part))
}

/// The words of a text in lower case, each with its byte offset. An identifier is one word.
fn words(text: &str) -> Vec<(usize, String)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut start = None;
    for (offset, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match start {
            None if is_part(c) => start = Some(offset),
            Some(first) if !is_part(c) => {
                words.push((first, text[first..offset].to_lowercase()));
                start = None;
            }
            _ => {}
        }
    }
    words
}
