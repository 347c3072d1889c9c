//! The words of notices, in both languages; the language of the site's home comes first.

use domain::calendar::{Date, Instant};
use domain::site::Site;

use super::service::{Notice, Thing};

/// One language of a mail: its subject and its lines.
struct Words {
    subject: String,
    lines: Vec<String>,
}

/// The subject and the body of a notice.
pub(super) fn of(notice: &Notice<'_>, site: Site) -> (String, String) {
    let (first, second) = match site {
        Site::Cn => (chinese(notice), english(notice)),
        Site::Intl | Site::Eu => (english(notice), chinese(notice)),
    };
    let subject = format!("{} / {}", first.subject, second.subject);
    let mut lines = first.lines;
    lines.push(String::new());
    lines.extend(second.lines);
    // A name that its owner chose must not begin a header of its own.
    (subject.replace(char::is_control, " "), lines.join("\n") + "\n")
}

/// An instant as people read it: `2026-02-15 23:59:59 (GMT+8)`.
fn time(at: Instant) -> String {
    let date = Date::of(at);
    let seconds = (at.ms() - date.start_of_day().ms()) / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{date} {hours:02}:{minutes:02}:{:02} (GMT+8)", seconds % 60)
}

/// How many lines name a thing, before its term; the term of one that is deleted ended with it (rule 1.1.4).
const NAME_LINES: usize = 2;

fn thing_en(thing: &Thing<'_>) -> Vec<String> {
    vec![
        format!("Resource: {} ({})", thing.name, thing.resource_id),
        format!("Product: {}", thing.product_en),
        format!("End of its term: {}", time(thing.expires_at)),
    ]
}

fn thing_zh(thing: &Thing<'_>) -> Vec<String> {
    vec![
        format!("资源：{}（{}）", thing.name, thing.resource_id),
        format!("产品：{}", thing.product_zh),
        format!("到期时间：{}", time(thing.expires_at)),
    ]
}

fn english(notice: &Notice<'_>) -> Words {
    match notice {
        Notice::RenewalFailed { thing, amount, why, next_at, kept_until } => {
            let mut lines = vec!["A resource could not be renewed automatically.".to_owned(), String::new()];
            lines.extend(thing_en(thing));
            lines
                .extend(amount.map(|(amount, currency)| format!("List price: {amount} {}", currency.code())));
            lines.push(format!("Reason: {}", why.en));
            lines.extend(next_at.map(|at| format!("It is tried again: {}", time(at))));
            lines.extend(kept_until.map(|until| format!("It is kept until: {}", time(until))));
            Words { subject: format!("Automatic renewal failed: {}", thing.name), lines }
        }
        Notice::Expired { thing, grace_until, retained_until } => {
            let mut lines = vec!["The term of a resource has ended.".to_owned(), String::new()];
            lines.extend(thing_en(thing));
            lines.push(format!("It can be used until: {}", time(*grace_until)));
            lines.push(format!("It is deleted unless renewed until: {}", time(*retained_until)));
            Words { subject: format!("Expired: {}", thing.name), lines }
        }
        Notice::Frozen { thing, why, retained_until } => {
            let mut lines = vec!["A resource can no longer be used.".to_owned(), String::new()];
            lines.extend(thing_en(thing));
            lines.push(format!("Reason: {}", why.en));
            lines.extend(retained_until.map(|until| format!("It is kept until: {}", time(until))));
            Words { subject: format!("Frozen: {}", thing.name), lines }
        }
        Notice::BecameOnDemand { thing } => {
            let mut lines = vec![
                "The term of a resource has ended. It goes on, and is pay-per-use from then on.".to_owned(),
                String::new(),
            ];
            lines.extend(thing_en(thing));
            Words { subject: format!("Pay-per-use from now on: {}", thing.name), lines }
        }
        Notice::AccountFrozen { resources_kept_until } => {
            let mut lines =
                vec!["The account was frozen. Nothing can be bought, renewed or changed.".to_owned()];
            match resources_kept_until {
                Some(until) => {
                    lines.push("Its resources were frozen with it and cannot be used.".to_owned());
                    lines.push(format!("They are deleted unless it is unfrozen until: {}", time(*until)));
                }
                None => lines.push("Its resources can still be used, and their terms run on.".to_owned()),
            }
            Words { subject: "Account frozen".to_owned(), lines }
        }
        Notice::Deleted { thing, why } => {
            let mut lines = vec!["A resource was deleted, with its data.".to_owned(), String::new()];
            lines.extend(thing_en(thing).into_iter().take(NAME_LINES));
            lines.push(format!("Deleted at: {}", time(thing.expires_at)));
            lines.push(format!("Reason: {}", why.en));
            Words { subject: format!("Deleted: {}", thing.name), lines }
        }
    }
}

fn chinese(notice: &Notice<'_>) -> Words {
    match notice {
        Notice::RenewalFailed { thing, amount, why, next_at, kept_until } => {
            let mut lines = vec!["资源自动续费失败。".to_owned(), String::new()];
            lines.extend(thing_zh(thing));
            lines.extend(amount.map(|(amount, currency)| format!("目录价：{amount} {}", currency.code())));
            lines.push(format!("原因：{}", why.zh));
            lines.extend(next_at.map(|at| format!("下次尝试：{}", time(at))));
            lines.extend(kept_until.map(|until| format!("资源保留至：{}", time(until))));
            Words { subject: format!("自动续费失败：{}", thing.name), lines }
        }
        Notice::Expired { thing, grace_until, retained_until } => {
            let mut lines = vec!["资源已到期。".to_owned(), String::new()];
            lines.extend(thing_zh(thing));
            lines.push(format!("可使用至：{}", time(*grace_until)));
            lines.push(format!("如未续费，资源将删除于：{}", time(*retained_until)));
            Words { subject: format!("资源到期：{}", thing.name), lines }
        }
        Notice::Frozen { thing, why, retained_until } => {
            let mut lines = vec!["资源已冻结，无法使用。".to_owned(), String::new()];
            lines.extend(thing_zh(thing));
            lines.push(format!("原因：{}", why.zh));
            lines.extend(retained_until.map(|until| format!("资源保留至：{}", time(until))));
            Words { subject: format!("资源冻结：{}", thing.name), lines }
        }
        Notice::BecameOnDemand { thing } => {
            let mut lines = vec!["资源已到期，自到期时起转为按需计费。".to_owned(), String::new()];
            lines.extend(thing_zh(thing));
            Words { subject: format!("资源转按需：{}", thing.name), lines }
        }
        Notice::AccountFrozen { resources_kept_until } => {
            let mut lines = vec!["账号已被冻结，无法购买、续订或变更。".to_owned()];
            match resources_kept_until {
                Some(until) => {
                    lines.push("账号下的资源已一并冻结，无法使用。".to_owned());
                    lines.push(format!("如未解冻，资源将删除于：{}", time(*until)));
                }
                None => lines.push("账号下的资源仍可使用，有效期继续计算。".to_owned()),
            }
            Words { subject: "账号冻结".to_owned(), lines }
        }
        Notice::Deleted { thing, why } => {
            let mut lines = vec!["资源及其数据已删除。".to_owned(), String::new()];
            lines.extend(thing_zh(thing).into_iter().take(NAME_LINES));
            lines.push(format!("删除时间：{}", time(thing.expires_at)));
            lines.push(format!("原因：{}", why.zh));
            Words { subject: format!("资源删除：{}", thing.name), lines }
        }
    }
}
