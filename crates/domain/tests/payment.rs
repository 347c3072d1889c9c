//! What an order costs with discounts, coupons and cards, and which funds pay it: a table of cases, and laws that
//! hold for all of them.
#![expect(clippy::unwrap_used, reason = "a case that cannot be read fails its test")]

#[path = "payment/laws.rs"]
mod laws;
#[path = "payment/wording.rs"]
mod wording;

use domain::calendar::Instant;
use domain::funds::{Fund, draw, order_of_funds};
use domain::id::DomainId;
use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::{Charge, Exact};
use domain::promotion::{
    Card, Choice, Coupon, Discount, DiscountType, Inapplicable, OrderFacts, PlanError, Unusable, best_offer,
    choose, plan,
};

use wording::{Line, Order, Wares, now, until};

fn inapplicable(why: Inapplicable) -> &'static str {
    match why {
        Inapplicable::Unknown => "unknown",
        Inapplicable::NotNow => "now",
        Inapplicable::OtherType => "type",
        Inapplicable::OtherProducts => "products",
    }
}

fn refusal(error: &PlanError) -> String {
    let unusable = |why: &Unusable| match why {
        Unusable::Unknown => "unknown",
        Unusable::Spent => "spent",
        Unusable::OtherType => "type",
        Unusable::UsedOnce => "once",
        Unusable::Expired => "expired",
        Unusable::NotYetValid => "early",
        Unusable::Withdrawn => "withdrawn",
        Unusable::Frozen => "frozen",
        Unusable::Locked => "locked",
        Unusable::NamedTwice => "twice",
        Unusable::OnePerOrder(_) => "second",
    };
    match error {
        PlanError::DiscountMisfit(id, why) => format!("3108:{id}:{}", inapplicable(*why)),
        PlanError::CouponMisfit(id, misfit) => format!("3108:{id}:{}", misfit.key.name()),
        PlanError::Unusable(id, why) => format!("3112:{id}:{}", unusable(why)),
        PlanError::CouponExcludesDiscount(id, ..) => format!("3116:{id}"),
        PlanError::BelowMinimum(id) => format!("3117:{id}"),
        PlanError::CouponExcludesPromotion(id, _) => format!("3147:{id}"),
        PlanError::MarketplaceMix(id) => format!("3156:{id}"),
        PlanError::TooLarge => "too_large".to_owned(),
    }
}

/// Each line as its modifiers and what is left: `d605:10,c1:5,85`.
fn planned(order: &Order, choice: &Choice) -> Vec<String> {
    let plan = match order.with(|facts| plan(facts, choice)) {
        Ok(plan) => plan,
        Err(error) => return vec![refusal(&error)],
    };
    let word = |line: &domain::promotion::LinePlan| {
        let modifiers = line.modifiers.iter().map(|modifier| {
            assert!(modifier.amount.is_positive(), "{modifier:?}");
            format!("{}:{},", modifier.source, modifier.amount)
        });
        modifiers.collect::<String>() + &line.payable.to_string()
    };
    plan.lines.iter().map(word).collect()
}

fn chosen(order: &Order, wares: &Wares) -> Vec<String> {
    let (offers, promotions): (Vec<Discount>, Vec<Discount>) =
        wares.discounts.iter().cloned().partition(|discount| discount.kind.is_offer());
    let choice = order.with(|facts| choose(facts, &offers, promotions.first(), &wares.coupons, &wares.cards));
    let discount = choice.discount.iter().map(|discount: &Discount| discount.id.clone());
    let coupons = choice.coupons.iter().map(|coupon: &Coupon| coupon.id.clone());
    let ids: Vec<String> =
        discount.chain(coupons).chain(choice.cards.iter().map(|card: &Card| card.id.clone())).collect();
    let ids = if ids.is_empty() { "-".to_owned() } else { ids.join(",") };
    std::iter::once(ids).chain(planned(order, &choice)).collect()
}

/// What a discount takes off exact prices, shown with ten decimals.
fn reduced(order: &Order, wares: &Wares) -> Vec<String> {
    let lines: Vec<_> = order.lines.iter().map(Line::reducible).collect();
    let reduced = wares.discounts[0].reduce(&lines).unwrap();
    reduced.into_iter().map(|amount| amount.show(10).unwrap().to_string()).collect()
}

fn best(words: &[&str]) -> Vec<String> {
    let offer = |word: &&str| {
        let (code, amount) = word.split_once(':').unwrap();
        let kind = DiscountType::from_code(code.parse().unwrap()).unwrap();
        (kind, Exact::from_price(amount.parse().unwrap()))
    };
    let found = best_offer(&words.iter().map(offer).collect::<Vec<_>>());
    vec![found.map_or("-".to_owned(), |index| words[index].to_owned())]
}

/// A fund as `kind[.piece]:available[@until=DATE]`.
fn fund_of(word: &str) -> Fund {
    let (word, until_date) =
        word.split_once("@until=").map_or((word, None), |(word, date)| (word, Some(date)));
    let (name, available) = word.split_once(':').unwrap();
    let (kind, piece) = name.split_once('.').unwrap_or((name, "1"));
    let kind = AccountKind::from_code(kind).unwrap();
    let owner = DomainId::parse("0123456789abcdef0123456789abcdef").unwrap();
    let account = match kind {
        AccountKind::Cash | AccountKind::Bonus | AccountKind::Deposit => LedgerAccount::single(&owner, kind),
        _ => LedgerAccount::piece_of(&owner, kind, piece),
    };
    let expires_at: Option<Instant> = until_date.map(until);
    Fund { account, available: available.parse().unwrap(), expires_at }
}

fn paid(due: &str, words: &[&str]) -> Vec<String> {
    let funds: Vec<Fund> = words.iter().map(|word| fund_of(word)).collect();
    let ordered = order_of_funds(&funds, now());
    let available: Vec<Charge> = ordered.iter().map(|fund| fund.available).collect();
    let Some(drawn) = draw(due.parse().unwrap(), &available) else { return vec!["short".to_owned()] };
    let name = |fund: &Fund| match fund.account.piece() {
        Some("1") | None => fund.account.kind().code().to_owned(),
        Some(piece) => format!("{}.{piece}", fund.account.kind().code()),
    };
    let parts = ordered.iter().zip(drawn).filter(|(_, part)| !part.is_zero());
    parts.map(|(fund, part)| format!("{}:{part}", name(fund))).collect()
}

#[test]
fn payment_table() {
    let table = include_str!("tables/payment.txt");
    let (mut count, mut wrong) = (0, Vec::new());
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (given, wanted) = line.split_once(" = ").unwrap();
        let (first, second) = given.split_once(" / ").unwrap_or((given, ""));
        let words: Vec<&str> = first.split_whitespace().collect();
        let others: Vec<&str> = second.split_whitespace().collect();
        let wares = || Wares::read(&others);
        let result = match words[0] {
            "plan" => planned(&Order::read(&words[1..]), &wares().into_choice()),
            "choose" => chosen(&Order::read(&words[1..]), &wares()),
            "reduce" => reduced(&Order::read(&words[1..]), &wares()),
            "best" => best(&words[1..]),
            "pay" => paid(words[1], &others),
            _ => panic!("not a case: {line}"),
        };
        if result != wanted.split_whitespace().collect::<Vec<_>>() {
            wrong.push(format!("{line}\n    but it is {}", result.join(" ")));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 300, "the table has been lost: {count} cases");
}

#[test]
fn every_limit_key_and_every_refusal_is_in_the_table() {
    let table = include_str!("tables/payment.txt");
    for (name, _) in domain::promotion::LimitKey::NAMES {
        assert!(table.contains(&format!("@{name}=")), "{name}");
        assert!(
            name == "isRebate" || name.starts_with("simul") || table.contains(&format!(":{name}\n")),
            "{name}"
        );
    }
    for code in ["= 3108:d", "= 3108:c", "= 3112:", "= 3116:", "= 3117:", "= 3147:", "= 3156:"] {
        assert!(table.contains(code), "{code}");
    }
    for why in ["spent", "expired", "early", "withdrawn", "frozen", "locked", "second"] {
        assert!(table.contains(&format!(":{why}\n")), "{why}");
    }
}

#[test]
fn an_order_whose_sum_does_not_fit_is_refused_and_nothing_is_chosen_for_it() {
    let order = Order::read(&["100", "100"]);
    let wares = Wares::read(&["d605:0.9", "c1:10"]);
    order.with(|facts| {
        let mut lines = facts.lines.to_vec();
        lines.iter_mut().for_each(|line| line.official = Charge::cents(i64::MAX));
        let facts = OrderFacts { lines: &lines, ..*facts };
        let choice = choose(&facts, &wares.discounts, None, &wares.coupons, &wares.cards);
        assert_eq!((choice.discount.as_ref(), choice.coupons.len()), (None, 0));
        assert_eq!(plan(&facts, &choice), Err(PlanError::TooLarge));
    });
}

#[test]
fn the_modifiers_of_an_order_are_those_of_its_lines_in_the_order_of_application() {
    let order = Order::read(&["100@s=evs", "100"]);
    let wares = Wares::read(&["d605:0.9", "f1:10@serviceType=ecs", "c1:10@serviceType=ecs", "k1:17"]);
    let plan = order.with(|facts| plan(facts, &wares.into_choice())).unwrap();
    let shown: Vec<_> = plan
        .modifiers()
        .into_iter()
        .map(|modifier| (modifier.kind.code(), modifier.source, modifier.amount.to_string()))
        .collect();
    let wanted = [(605, "d605", "20"), (301, "c1", "10"), (302, "f1", "10"), (303, "k1", "17")];
    assert_eq!(shown, wanted.map(|(code, id, amount)| (code, id.to_owned(), amount.to_owned())));
    assert_eq!(plan.payable().unwrap().to_string(), "143");
}
