//! How deep a policy text nests, before Cedar sees it.
//!
//! Cedar recurses. Where the stack runs out, its parser takes the process with it, and its validator passes a policy
//! that it has not looked at. So depth is bounded here, by a scan of the text that never estimates less than what
//! Cedar builds. [`MAX_DEPTH`] fits a thread of 2 MiB even in debug builds, whose frames are several times larger.

use self::token::{Token, Tokens};

mod token;

/// Deepest nesting of one policy, in units of one operator; a pair of brackets counts [`BRACKETS`].
pub(super) const MAX_DEPTH: u32 = 32;
/// Brackets cost more than operators: the grammar recurses through every rank of operators for each pair.
const BRACKETS: u32 = 3;

/// The byte offset of the first policy in the text that nests deeper than [`MAX_DEPTH`].
pub(super) fn first_too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    let mut start = None;
    for (offset, token) in Tokens::of(text) {
        let policy = *start.get_or_insert(offset);
        if scan.ends_policy(token) {
            if scan.end_policy() > MAX_DEPTH {
                return Some(policy);
            }
            start = None;
        }
    }
    start.filter(|_| scan.end_policy() > MAX_DEPTH)
}

/// The brackets that are open, innermost last, and what stands between them.
#[derive(Default)]
struct Scan {
    outermost: Level,
    open: Vec<(char, Level)>,
}

impl Scan {
    /// Takes a token; whether it is the `;` that ends a policy. Where brackets do not match, Cedar goes on to find
    /// further errors, so a wrong one closes nothing here, and a `;` between brackets ends nothing.
    fn ends_policy(&mut self, token: Token) -> bool {
        match token {
            Token::Open(closing) => self.open.push((closing, Level::default())),
            Token::Close(closing) if self.open.last().is_some_and(|(expected, _)| *expected == closing) => {
                self.close();
            }
            Token::End => return self.open.is_empty(),
            _ => self.open.last_mut().map_or(&mut self.outermost, |(_, level)| level).take(token),
        }
        false
    }

    /// Closes a pair. Outside of all brackets pairs lie side by side: `permit (..) when {..} unless {..}`.
    fn close(&mut self) {
        let depth = self.open.pop().map_or(0, |(_, level)| level.depth() + BRACKETS);
        match self.open.last_mut() {
            Some((_, parent)) => parent.chain += depth,
            None => self.outermost.deepest_item = self.outermost.deepest_item.max(depth),
        }
    }

    fn end_policy(&mut self) -> u32 {
        while !self.open.is_empty() {
            self.close();
        }
        std::mem::take(&mut self.outermost).depth()
    }
}

/// What stands between two brackets: items with commas between them; in an item operands of `||`, in those operands
/// of `&&`, in those a chain of other operators and closed brackets. Operands lie side by side below their operators.
/// No count exceeds a few times the bytes of a text, so none overflows.
#[derive(Default)]
struct Level {
    chain: u32,
    ands: u32,
    deepest_chain: u32,
    ors: u32,
    deepest_and: u32,
    ifs: u32,
    deepest_item: u32,
}

impl Level {
    fn take(&mut self, token: Token) {
        match token {
            Token::Operator => self.chain += 1,
            Token::If => self.ifs += 1,
            Token::And => {
                self.end_chain();
                self.ands += 1;
            }
            Token::Or => {
                self.end_and();
                self.ors += 1;
            }
            Token::Comma => self.end_item(),
            _ => {}
        }
    }

    fn end_chain(&mut self) {
        self.deepest_chain = self.deepest_chain.max(std::mem::take(&mut self.chain));
    }

    fn end_and(&mut self) {
        self.end_chain();
        let depth = std::mem::take(&mut self.ands) + std::mem::take(&mut self.deepest_chain);
        self.deepest_and = self.deepest_and.max(depth);
    }

    fn end_item(&mut self) {
        self.end_and();
        let operators = std::mem::take(&mut self.ors) + std::mem::take(&mut self.ifs);
        let depth = operators + std::mem::take(&mut self.deepest_and);
        self.deepest_item = self.deepest_item.max(depth);
    }

    fn depth(mut self) -> u32 {
        self.end_item();
        self.deepest_item
    }
}

#[cfg(test)]
mod tests;
