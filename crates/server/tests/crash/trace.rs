//! The output of `strace -f -y -xx`, read back, and the rule that it must obey.
//!
//! ```text
//! 123 pwrite64(22<\x2f..\x2d\x77\x61\x6c>, "\x00\x01..", 24, 4152) = 24
//! 123 fsync(22<..> <unfinished ...>          a call that another thread's call interrupts
//! 124 writev(23<\x73\x6f..>, [{iov_base="\x48..", iov_len=172}, ..], 2) = 3534
//! 123 <... fsync resumed>)        = 0
//! ```
//!
//! Lines are in the order in which the calls began and ended, so that "before" is a comparison of line numbers.
//!
//! **The rule.** An answer to a write carries an `X-Request-Id`, and the audit row of that write carries the same
//! id, so the id names the pages of the write-ahead log that belong to the answer. SQLite writes the pages of a
//! commit as frames, a header of 24 bytes and a page each; the header of the last frame says so. For every answer:
//!
//! 1. a page with its id was written before the answer began,
//! 2. the frame that commits that page was written before the answer began, and
//! 3. a sync of the log began after that frame had been written, and had succeeded before the answer began.

use std::borrow::Cow;
use std::collections::HashMap;

/// Length of a frame's header.
const FRAME_HEADER: usize = 24;

/// What a system call was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Bytes into the write-ahead log.
    LogWrite(Vec<u8>),
    /// The log is forced to the disk.
    LogSync,
    /// Bytes of an HTTP answer.
    Answer(Vec<u8>),
}

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Line on which it began.
    pub began: usize,
    /// Line on which it ended well; `None`: it failed or never ended.
    pub ended: Option<usize>,
    pub effect: Effect,
}

/// Reads a trace; calls that have none of the effects are left out.
pub fn parse(text: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut unfinished: HashMap<&str, usize> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let ended = succeeded(call).then_some(number);
        if call.starts_with("<... ") {
            if let Some(at) = unfinished.remove(thread) {
                events[at].ended = ended;
            }
            continue;
        }
        let Some(effect) = effect(call) else { continue };
        if call.ends_with("<unfinished ...>") {
            unfinished.insert(thread, events.len());
        }
        events.push(Event { began: number, ended, effect });
    }
    events
}

/// Whether a line tells the end of a call, and that it succeeded.
fn succeeded(call: &str) -> bool {
    // Texts are in hexadecimal, so this is not inside one. `strace` aligns the results of short calls.
    let Some((_, result)) = call.rsplit_once(" = ") else { return false };
    result.split(' ').next().and_then(|count| count.parse::<i64>().ok()).is_some_and(|count| count >= 0)
}

fn effect(call: &str) -> Option<Effect> {
    let (name, rest) = call.split_once('(')?;
    let (_, rest) = rest.split_once('<')?;
    let (path, rest) = rest.split_once('>')?;
    let path = String::from_utf8_lossy(&unhex(path)).into_owned();
    let is_log = path.ends_with("-wal");
    match name {
        "fsync" | "fdatasync" => is_log.then_some(Effect::LogSync),
        "write" | "pwrite64" | "pwritev" | "writev" | "sendto" | "sendmsg" => {
            // Of several buffers, or of the parts between quotes, every second one is text.
            let bytes: Vec<u8> = rest.split('"').skip(1).step_by(2).flat_map(unhex).collect();
            if is_log {
                return Some(Effect::LogWrite(bytes));
            }
            let is_answer = path.starts_with("socket:") || path.starts_with("TCP");
            (is_answer && bytes.starts_with(b"HTTP/1.1 ")).then_some(Effect::Answer(bytes))
        }
        _ => None,
    }
}

/// Decodes `\x2f\x74`; what is no escape stands for itself.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match rest {
            [b'\\', b'x', high, low, after @ ..] => {
                let (high, low) = (digit(*high).expect("a digit"), digit(*low).expect("a digit"));
                bytes.push(u8::try_from(high * 16 + low).expect("two digits are a byte"));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Status and request id of an answer.
pub fn status_and_id(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: "))?;
    Some((status, id.to_owned()))
}

/// Whether these bytes are the header of a frame that commits: it says how large the database is afterwards.
fn is_commit_header(bytes: &[u8]) -> bool {
    bytes.len() == FRAME_HEADER && bytes[4..8] != [0; 4]
}

/// Breaches of the rule, a sentence each; and how many answers it was applied to. Answers with status 200 are
/// those of reads here.
pub fn breaches(events: &[Event]) -> (usize, Vec<String>) {
    let log: Vec<LogWrite<'_>> = events
        .iter()
        .filter_map(|event| match &event.effect {
            Effect::LogWrite(bytes) => Some(LogWrite {
                ended: event.ended,
                is_commit_header: is_commit_header(bytes),
                text: String::from_utf8_lossy(bytes),
            }),
            Effect::LogSync | Effect::Answer(_) => None,
        })
        .collect();
    let syncs: Vec<&Event> = events.iter().filter(|event| event.effect == Effect::LogSync).collect();
    let mut answers = 0;
    let mut found = Vec::new();
    for event in events {
        let Effect::Answer(bytes) = &event.effect else { continue };
        let Some((status, id)) = status_and_id(bytes).filter(|(status, _)| *status != 200) else { continue };
        answers += 1;
        if let Err(breach) = check(&log, &syncs, event.began, &id) {
            found.push(format!("line {}: the answer {status} to {id} left {breach}", event.began + 1));
        }
    }
    (answers, found)
}

/// Bytes into the write-ahead log, as the rule looks at them.
struct LogWrite<'a> {
    ended: Option<usize>,
    is_commit_header: bool,
    text: Cow<'a, str>,
}

fn check(log: &[LogWrite<'_>], syncs: &[&Event], answer: usize, id: &str) -> Result<(), String> {
    let row = log.iter().position(|write| write.text.contains(id));
    let row = row.ok_or("and no page of the log has its id")?;
    // The page that bears the id may be that of the committing frame, whose header stands before it.
    let header = (row.saturating_sub(1)..log.len()).find(|at| log[*at].is_commit_header);
    let header = header.ok_or("and nothing committed its page")?;
    let page = log.get(header + 1).ok_or("and the frame that commits it has no page")?;
    let written = page.ended.filter(|ended| *ended < answer);
    let written = written.ok_or("before the frame that commits it was written")?;
    let is_covered =
        syncs.iter().any(|sync| sync.began > written && sync.ended.is_some_and(|ended| ended < answer));
    if is_covered { Ok(()) } else { Err("before a sync covered it".to_owned()) }
}
