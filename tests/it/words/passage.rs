//! Runs of prose, with the line of every character.

/// One line of prose without its comment mark.
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What the line says.
    pub text: String,
}

/// Consecutive lines of prose as one text, so that a phrase is found across a line break.
pub struct Passage {
    text: String,
    /// Where each line begins in `text`, and its number.
    starts: Vec<(usize, usize)>,
}

impl Passage {
    /// A passage of one line.
    pub fn new(line: &Line) -> Self {
        let mut passage = Self { text: String::new(), starts: Vec::new() };
        passage.push(line);
        passage
    }

    /// The lines, separated by spaces, without code spans.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line at an offset into the text.
    pub fn line_at(&self, offset: usize) -> usize {
        let after = self.starts.partition_point(|(start, _)| *start <= offset);
        self.starts[after - 1].1
    }

    fn push(&mut self, line: &Line) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.starts.push((self.text.len(), line.number));
        self.text.push_str(&without_code_spans(&line.text));
    }

    fn last_line(&self) -> usize {
        self.starts.last().map_or(0, |(_, number)| *number)
    }
}

/// Joins lines that follow each other. Several comments on one line are passages of their own.
pub fn join(lines: Vec<Line>) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    for line in lines {
        match passages.last_mut() {
            Some(last) if last.last_line() + 1 == line.number => last.push(&line),
            _ => passages.push(Passage::new(&line)),
        }
    }
    passages
}

/// The lines of a document. Blank lines end a passage.
pub fn document(text: &str) -> Vec<Line> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| Line { number: index + 1, text: line.to_owned() }).collect()
}

/// Replaces `code` between single backticks by a space. An unpaired backtick stays.
fn without_code_spans(line: &str) -> String {
    let mut parts = line.split('`');
    let mut prose = parts.next().unwrap_or_default().to_owned();
    while let Some(code) = parts.next() {
        match parts.next() {
            Some(rest) => {
                prose.push(' ');
                prose.push_str(rest);
            }
            None => prose.push_str(code),
        }
    }
    prose
}
