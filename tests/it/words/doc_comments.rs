//! Finds the first sentences of doc comments.

use super::passage::{Line, Passage};

/// The first sentence of each doc comment of a Rust file, without code spans.
pub fn first_sentences(text: &str) -> Vec<Passage> {
    let lines: Vec<_> = text.lines().map(split).collect();
    let begins = |index: usize| index == 0 || lines[index].0 != lines[index - 1].0;
    let starts = (0..lines.len()).filter(|index| lines[*index].0.is_some() && begins(*index));
    starts
        .map(|start| {
            let paragraph = lines[start..].iter().enumerate();
            let paragraph =
                paragraph.take_while(|(_, (mark, text))| *mark == lines[start].0 && !text.is_empty());
            let mut sentence = Vec::new();
            for (offset, (_, text)) in paragraph {
                let end = end_of_sentence(text);
                let text = text[..end.unwrap_or(text.len())].to_owned();
                sentence.push(Line { number: start + offset + 1, text });
                if end.is_some() {
                    break;
                }
            }
            sentence
        })
        .flat_map(super::passage::join)
        .collect()
}

/// Number of words of a sentence.
pub fn words_in(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// The doc-comment mark of a line, if it has one, and the text after it.
fn split(line: &str) -> (Option<&'static str>, &str) {
    let line = line.trim();
    let mark = ["///", "//!"].into_iter().find(|mark| line.starts_with(mark));
    (mark, mark.map_or("", |mark| line[mark.len()..].trim()))
}

fn end_of_sentence(text: &str) -> Option<usize> {
    let ends = |at: &usize| text[at + 1..].chars().next().is_none_or(char::is_whitespace);
    text.match_indices(['.', '!', '?']).map(|(at, _)| at).find(ends)
}
