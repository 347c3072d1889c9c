use proptest::prelude::*;

use super::*;

fn acme() -> DomainId {
    DomainId::parse("0123456789abcdef0123456789abcdef").unwrap()
}

fn order() -> OrderId {
    OrderId::parse("CS2601151600ABCDEFGH12").unwrap()
}

/// Balances pay all of it, and no tax is contained.
fn of_funds(funds: &[(LedgerAccount, Charge)], cents: i64) -> Spending<'_> {
    Spending { benefits: &[], funds, money: Charge::cents(cents), tax: Charge::ZERO }
}

fn shape(journal: &Journal) -> Vec<(String, i64)> {
    use crate::money::Scaled;
    journal.postings().iter().map(|posting| (posting.account.id(), posting.amount.units())).collect()
}

#[test]
fn a_top_up_raises_cash_out_of_clearing() {
    let parts = [(LedgerAccount::cash(&acme()), Charge::cents(10_050))];
    let journal = Journal::top_up(&acme(), &parts, Currency::Usd, "t/1").unwrap();
    let cash = format!("{}:cash", acme());
    assert_eq!(shape(&journal), [(cash, 10_050), ("house:clearing".to_owned(), -10_050)]);
    assert_eq!(journal.cause().to_string(), format!("top_up/{}/t/1", acme()));
    assert_eq!(journal.currency(), Currency::Usd);
}

#[test]
fn a_payment_takes_from_each_fund_and_drops_empty_ones() {
    let funds = [
        (LedgerAccount::cash(&acme()), Charge::cents(500)),
        (LedgerAccount::credit(&acme(), "2027-01-01T00:00:00Z"), Charge::cents(250)),
        (LedgerAccount::credit(&acme(), ""), Charge::ZERO),
    ];
    let journal = Journal::pay_order(&acme(), &order(), &of_funds(&funds, 750), Currency::Cny).unwrap();
    let credit = format!("{}:credit:2027-01-01T00:00:00Z", acme());
    let wanted = [(format!("{}:cash", acme()), -500), (credit, -250), ("house:revenue".to_owned(), 750)];
    assert_eq!(shape(&journal), wanted);
    assert_eq!((journal.kind(), journal.owner()), (JournalKind::PayOrder, &acme()));
}

#[test]
fn what_is_left_of_a_credit_line_goes_back_to_whence_it_was_granted() {
    let granted = Journal::grant_credit(&acme(), "l", Charge::cents(90), Currency::Usd, "l").unwrap();
    let taken = |cents| Journal::expire_credit(&acme(), "l", Charge::cents(cents), Currency::Usd, "l/4");
    let undone: Vec<_> = shape(&granted).into_iter().map(|(account, cents)| (account, -cents)).collect();
    assert_eq!(shape(&taken(90).unwrap()), undone);
    assert_eq!(taken(90).unwrap().cause().to_string(), format!("expire_credit/{}/l/4", acme()));
    assert_eq!(taken(0).unwrap_err(), JournalError::NothingMoves);
    assert_eq!(taken(-1).unwrap_err(), JournalError::Negative);
}

#[test]
fn a_refund_mirrors_its_payment_but_has_its_own_cause() {
    let funds = [(LedgerAccount::cash(&acme()), Charge::cents(300))];
    let paid = Journal::pay_order(&acme(), &order(), &of_funds(&funds, 300), Currency::Usd).unwrap();
    let refund =
        Journal::refund_order(&acme(), &order(), &order(), &of_funds(&funds, 300), Currency::Usd).unwrap();
    let reversal = Journal::reverse(&paid, Cause::new("reversal", "j1", "")).unwrap();
    assert_eq!(shape(&refund), shape(&reversal));
    assert_ne!(refund.cause(), paid.cause());
    assert_eq!(shape(&Journal::reverse(&reversal, Cause::new("reversal", "j2", "")).unwrap()), shape(&paid));
}

#[test]
fn a_top_up_pays_what_is_owed_before_cash() {
    let parts = [
        (LedgerAccount::piece_of(&acme(), AccountKind::Settlement, "202601"), Charge::cents(40)),
        (LedgerAccount::cash(&acme()), Charge::cents(60)),
    ];
    let journal = Journal::top_up(&acme(), &parts, Currency::Usd, "1").unwrap();
    let wanted = [
        (format!("{}:settlement:202601", acme()), 40),
        (format!("{}:cash", acme()), 60),
        ("house:clearing".to_owned(), -100),
    ];
    assert_eq!(shape(&journal), wanted);
    let twice = [parts[0].clone(), parts[0].clone()];
    let refused = Journal::top_up(&acme(), &twice, Currency::Usd, "1").unwrap_err();
    assert_eq!(refused, JournalError::DuplicateAccount(parts[0].0.id()));
    assert_eq!(Journal::top_up(&acme(), &[], Currency::Usd, "1").unwrap_err(), JournalError::NothingMoves);
}

#[test]
fn cash_repays_months_that_are_due_and_nothing_else() {
    let month =
        |name, cents| (LedgerAccount::piece_of(&acme(), AccountKind::Settlement, name), Charge::cents(cents));
    let due_at = Instant::from_ms(1_700_000_000_000);
    let settle = |months: &[_]| Journal::settle_debts(&acme(), months, Currency::Usd, due_at, 7);
    let journal = settle(&[month("202601", 300), month("202602", 50), month("202603", 0)]).unwrap();
    let wanted = [
        (format!("{}:cash", acme()), -350),
        (format!("{}:settlement:202601", acme()), 300),
        (format!("{}:settlement:202602", acme()), 50),
    ];
    assert_eq!(shape(&journal), wanted);
    assert_eq!(journal.cause().to_string(), format!("settle_debts/{}/1700000000000/7", acme()));
    let (credit, other) = (LedgerAccount::credit(&acme(), "x"), DomainId::parse("b").unwrap());
    let others = LedgerAccount::piece_of(&other, AccountKind::Settlement, "202601");
    for account in [credit, others, LedgerAccount::cash(&acme()), LedgerAccount::house(AccountKind::Revenue)]
    {
        let refused = settle(&[month("202601", 1), (account.clone(), Charge::cents(1))]).unwrap_err();
        assert_eq!(refused, JournalError::NoMonth(account.id()));
    }
    assert_eq!(settle(&[]).unwrap_err(), JournalError::NothingMoves);
    assert_eq!(settle(&[month("202601", 0)]).unwrap_err(), JournalError::NothingMoves);
    assert_eq!(settle(&[month("202601", 2), month("202602", -1)]).unwrap_err(), JournalError::Negative);
    let twice = settle(&[month("202601", 1), month("202601", 1)]).unwrap_err();
    assert_eq!(twice, JournalError::DuplicateAccount(month("202601", 0).0.id()));
    let huge = i64::MAX;
    assert_eq!(settle(&[month("202601", huge), month("202602", huge)]).unwrap_err(), JournalError::TooLarge);
}

#[test]
fn benefits_pay_beside_balances_and_the_tax_is_set_apart() {
    let coupon = LedgerAccount::piece_of(&acme(), AccountKind::Coupon, "c1");
    let card = LedgerAccount::piece_of(&acme(), AccountKind::Card, "k1");
    let cash = LedgerAccount::cash(&acme());
    let benefits = [(coupon.clone(), Charge::cents(500)), (card.clone(), Charge::cents(100))];
    let funds = [(cash.clone(), Charge::cents(1_190))];
    let (money, tax) = (Charge::cents(1_190), Charge::cents(190));
    let spending = Spending { benefits: &benefits, funds: &funds, money, tax };
    let journal = Journal::pay_order(&acme(), &order(), &spending, Currency::Cny).unwrap();
    let wanted = [
        (coupon.id(), -500),
        (card.id(), -100),
        (cash.id(), -1_190),
        ("house:revenue".to_owned(), 1_600),
        ("house:tax".to_owned(), 190),
    ];
    assert_eq!(shape(&journal), wanted);
    // Benefits alone still post.
    let alone = Spending { benefits: &benefits, funds: &[], money: Charge::ZERO, tax: Charge::ZERO };
    let journal = Journal::refund_order(&acme(), &order(), &order(), &alone, Currency::Cny).unwrap();
    let wanted = [(coupon.id(), 500), (card.id(), 100), ("house:revenue".to_owned(), -600)];
    assert_eq!(shape(&journal), wanted);
    let refused = |spending| Journal::pay_order(&acme(), &order(), &spending, Currency::Cny).unwrap_err();
    let tax = Charge::cents(1_191);
    assert_eq!(
        refused(Spending { tax, ..spending }),
        JournalError::TaxExceeds { tax, money: spending.money }
    );
    assert_eq!(refused(Spending { tax: Charge::cents(-1), ..spending }), JournalError::Negative);
    assert_eq!(refused(Spending { benefits: &funds, ..spending }), JournalError::WrongSide(cash.id()));
    assert_eq!(refused(Spending { funds: &benefits, ..spending }), JournalError::WrongSide(coupon.id()));
}

#[test]
fn accounts_are_locked_as_a_payment_looks_at_them() {
    let mut kinds = AccountKind::ALL.to_vec();
    kinds.sort_by_key(|kind| kind.lock_rank());
    let place = |kind| kinds.iter().position(|known| *known == kind).unwrap();
    use AccountKind::{Bonus, Card, Cash, Credit, Revenue, Settlement};
    let order = [Card, Cash, Bonus, Credit, Settlement, Revenue];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
}

#[test]
fn what_would_not_balance_is_refused() {
    let cash = LedgerAccount::cash(&acme());
    let pay = |funds: &[(LedgerAccount, Charge)], total| {
        Journal::pay_order(&acme(), &order(), &of_funds(funds, total), Currency::Usd).unwrap_err()
    };
    let (two, three) = (Charge::cents(2), Charge::cents(3));
    assert_eq!(pay(&[(cash.clone(), two)], 3), JournalError::PartsDiffer { parts: two, whole: three });
    assert_eq!(pay(&[], 3), JournalError::PartsDiffer { parts: Charge::ZERO, whole: three });
    assert_eq!(pay(&[], 0), JournalError::NothingMoves);
    assert_eq!(pay(&[(cash.clone(), Charge::cents(-1))], -1), JournalError::Negative);
    assert_eq!(pay(&[(cash.clone(), three), (cash.clone(), Charge::cents(-1))], 2), JournalError::Negative);
    let house = LedgerAccount::house(AccountKind::Revenue);
    assert_eq!(pay(&[(house, two)], 2), JournalError::HouseFund("house:revenue".to_owned()));
    assert_eq!(
        pay(&[(cash.clone(), two), (cash.clone(), two)], 4),
        JournalError::DuplicateAccount(cash.id())
    );
    let huge = Charge::cents(i64::MAX);
    let other = LedgerAccount::credit(&acme(), "");
    assert_eq!(pay(&[(cash, huge), (other, huge)], 4), JournalError::TooLarge);
}

#[test]
fn a_tampered_journal_is_not_read_back() {
    let parts = [(LedgerAccount::cash(&acme()), Charge::cents(7))];
    let journal = Journal::top_up(&acme(), &parts, Currency::Usd, "1").unwrap();
    let stored = |postings| {
        Journal::from_stored(journal.kind(), journal.cause().clone(), &acme(), Currency::Usd, postings)
    };
    assert_eq!(stored(journal.postings().to_vec()), Ok(journal.clone()));
    let mut tampered = journal.postings().to_vec();
    tampered[0].amount = Charge::cents(8);
    assert_eq!(stored(tampered), Err(JournalError::Unbalanced(Charge::cents(1))));
}

#[test]
fn account_ids_are_read_back() {
    let accounts = [
        LedgerAccount::cash(&acme()),
        LedgerAccount::credit(&acme(), "2027-01-01T00:00:00Z"),
        LedgerAccount::house(AccountKind::Clearing),
        LedgerAccount::house(AccountKind::CreditIssued),
    ];
    for account in accounts {
        assert_eq!(LedgerAccount::parse(&account.id()), Some(account));
    }
    for id in ["", "house", "house:cash", "abc:revenue", "abc:gold", ":cash"] {
        assert_eq!(LedgerAccount::parse(id), None, "{id}");
    }
    for kind in JournalKind::ALL {
        assert_eq!(JournalKind::from_code(kind.code()), Some(kind));
    }
}

#[test]
fn a_balance_may_reach_its_floor_and_no_less() {
    let floor = Charge::cents(-100);
    assert_eq!(check_floor(Charge::cents(-100), floor), Ok(()));
    let refused = InsufficientFunds { balance_after: Charge::cents(-101), floor };
    assert_eq!(check_floor(Charge::cents(-101), floor), Err(refused));
}

proptest! {
    #[test]
    fn every_journal_that_exists_sums_to_zero(amounts in prop::collection::vec(0_i64..1_000_000, 0..5), extra in 0_i64..2) {
        let fund = |(index, cents): (usize, &i64)| {
            (LedgerAccount::credit(&acme(), &index.to_string()), Charge::cents(*cents))
        };
        let funds: Vec<_> = amounts.iter().enumerate().map(fund).collect();
        let total = amounts.iter().sum::<i64>() + extra;
        let made = Journal::pay_order(&acme(), &order(), &of_funds(&funds, total), Currency::Usd);
        prop_assert_eq!(made.is_ok(), extra == 0 && total > 0);
        if let Ok(journal) = made {
            let sum = Charge::sum(journal.postings().iter().map(|posting| posting.amount));
            prop_assert_eq!(sum, Some(Charge::ZERO));
        }
    }
}
