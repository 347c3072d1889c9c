//! The door to the books, below every feature.

use domain::id::DomainId;
use domain::ledger::{AccountKind, Cause, Journal, JournalKind, LedgerAccount, Spending};
use domain::money::{Charge, Currency};
use platform::job::context;
use server::ledger::service::{PostError, balances, ensure_account, moved, post, totals};

use crate::harness::TestApp;
use crate::on_both;

fn owner(app: &TestApp) -> DomainId {
    DomainId::parse(&app.domain("globex-lab")).expect("a domain id")
}

fn top_up(owner: &DomainId, cents: i64, trans_id: &str) -> Journal {
    let parts = [(LedgerAccount::cash(owner), Charge::cents(cents))];
    Journal::top_up(owner, &parts, Currency::Usd, trans_id).expect("balanced")
}

on_both! {
    async fn the_same_cause_is_the_same_journal(app) {
        let owner = owner(&app);
        let cash = LedgerAccount::cash(&owner);
        let mut cx = context(&app.app, "test").await.expect("a transaction");
        for _ in 0..2 {
            ensure_account(&mut cx.tx, &cash, Currency::Usd, Charge::ZERO, cx.now).await.expect("there");
        }
        let first = post(&mut cx.tx, cx.ids.as_mut(), cx.now, &top_up(&owner, 500, "a")).await.expect("posted");
        assert!(first.is_new);
        // Another amount does not matter: the cause is what counts.
        let again = post(&mut cx.tx, cx.ids.as_mut(), cx.now, &top_up(&owner, 700, "a")).await.expect("known");
        assert!(!again.is_new);
        assert_eq!(again.journal, first.journal);
        let held = balances(&mut cx.tx, owner.as_str(), AccountKind::Cash).await.expect("read");
        assert_eq!(held, [(cash, Charge::cents(500))]);
        let cause = |trans_id| Cause::new(JournalKind::TopUp.code(), owner.as_str(), trans_id);
        let found = moved(&mut cx.tx, &[cause("a"), cause("never")]).await.expect("read");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].journal.as_str(), found[0].amount), (first.journal.as_str(), Charge::cents(500)));
        cx.tx.take().expect("there").rollback().await;
        app.finish().await;
    }

    async fn a_refused_journal_leaves_nothing(app) {
        let owner = owner(&app);
        let cash = LedgerAccount::cash(&owner);
        let mut cx = context(&app.app, "test").await.expect("a transaction");
        ensure_account(&mut cx.tx, &cash, Currency::Usd, Charge::ZERO, cx.now).await.expect("there");
        let paid = totals(&mut cx.tx, JournalKind::PayOrder).await.expect("read");
        let order = domain::id::OrderId::parse("CS1").expect("an id");
        let funds = [(cash.clone(), Charge::cents(1))];
        let spending = Spending { benefits: &[], funds: &funds, money: Charge::cents(1), tax: Charge::ZERO };
        let journal = Journal::pay_order(&owner, &order, &spending, Currency::Usd).expect("balanced");
        match post(&mut cx.tx, cx.ids.as_mut(), cx.now, &journal).await {
            Err(PostError::Insufficient(account)) => assert_eq!(account, cash),
            other => panic!("{other:?}"),
        }
        assert_eq!(totals(&mut cx.tx, JournalKind::PayOrder).await.expect("read"), paid);
        cx.tx.take().expect("there").commit().await.expect("a refusal can be committed");
        app.finish().await;
    }

    async fn an_unknown_account_is_never_posted_on(app) {
        let owner = owner(&app);
        let mut cx = context(&app.app, "test").await.expect("a transaction");
        let posted = post(&mut cx.tx, cx.ids.as_mut(), cx.now, &top_up(&owner, 1, "a")).await;
        assert!(matches!(posted, Err(PostError::Db(_))), "{posted:?}");
        cx.tx.take().expect("there").rollback().await;
        app.finish().await;
    }
}
