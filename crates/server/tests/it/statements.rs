//! Every statement of the product is good SQL on both engines, over the migrated schema; none is forgotten, and an
//! index serves what each looks for and the order it answers in.

use std::collections::BTreeSet;

use platform::db::{Db, Engine, Value};
use platform::op::Host;
use server::app::FEATURES;
use server::sandbox;

use crate::harness::{On, TestApp};
use crate::tidy_repo::rust_text::RustText;

/// All statements, with where they come from.
fn statements() -> Vec<(String, String)> {
    let platform = [
        ("platform::op", platform::op::store::STATEMENTS),
        ("platform::job", platform::job::store::STATEMENTS),
    ];
    let own = platform.iter().flat_map(|(place, list)| {
        list.iter().map(move |(_, text)| ((*place).to_owned(), (*text).to_owned()))
    });
    let features = FEATURES.iter().copied().chain([&sandbox::FEATURE]);
    let theirs = features
        .flat_map(|feature| (feature.statements)().into_iter().map(|text| (feature.name.to_owned(), text)));
    own.chain(theirs).collect()
}

crate::on_both! {
    async fn every_statement_can_be_prepared(app) {
        let statements = statements();
        assert!(statements.len() > 60, "only {} statements are registered", statements.len());
        let mut broken = Vec::new();
        for (place, text) in &statements {
            if let Err(error) = app.app.db().prepare_check(text).await {
                broken.push(format!("{place}: {error}\n    {text}"));
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        app.finish().await;
    }
}

/// Words that a statement, or a fragment that one is put together from, begins with.
const BEGINNINGS: &[&str] = &[
    "select ",
    "insert into ",
    "update ",
    "delete from ",
    "from ",
    "where ",
    "and ",
    "join ",
    "order by ",
    "limit ",
    "group by ",
    "having ",
    "on conflict ",
    "union ",
];

/// A text with every run of white space as one space; a line that goes on after `\` goes on here too.
fn on_one_line(text: &str) -> String {
    text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The constant parts of a literal: what stands between the places of values and of other texts.
fn parts(literal: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in literal.chars() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                parts.push(String::new());
            }
            '?' => parts.push(String::new()),
            _ if depth > 0 => {}
            _ => parts.last_mut().expect("there is always one").push(character),
        }
    }
    parts.iter().map(|part| on_one_line(part)).filter(|part| !part.is_empty()).collect()
}

/// Literals of a store that stand in no registered statement.
fn forgotten(store: &str, registered: &[String]) -> Vec<String> {
    let registered: Vec<String> = registered.iter().map(|text| on_one_line(text)).collect();
    let mut found = Vec::new();
    for (line, literal) in RustText::read(store).without_tests().strings {
        let literal = literal.replace("\\\n", " ");
        if !BEGINNINGS.iter().any(|word| literal.trim_start().starts_with(word)) {
            continue;
        }
        let is_known = |text: &String| parts(&literal).iter().all(|part| text.contains(part));
        if !registered.iter().any(is_known) {
            found.push(format!("{line}: {}", on_one_line(&literal)));
        }
    }
    found
}

/// Every store below a folder, with the name of its feature.
fn stores() -> Vec<(String, std::path::PathBuf)> {
    let crates =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).expect("a folder of crates");
    let features = FEATURES
        .iter()
        .copied()
        .chain([&sandbox::FEATURE])
        .map(|feature| (feature.name.to_owned(), crates.join("server/src").join(feature.name)));
    let platform =
        ["op", "job"].map(|part| (format!("platform::{part}"), crates.join("platform/src").join(part)));
    let mut found = Vec::new();
    for (name, folder) in features.chain(platform) {
        found.push((name.clone(), folder.join("store.rs")));
        let parts = std::fs::read_dir(folder.join("store")).into_iter().flatten();
        found.extend(parts.map(|entry| (name.clone(), entry.expect("it can be read").path())));
    }
    found.retain(|(_, path)| path.is_file());
    found
}

#[test]
fn no_statement_of_a_store_is_forgotten() {
    let all = statements();
    let mut complaints = Vec::new();
    let stores = stores();
    assert!(stores.len() > 12, "only {} stores were found", stores.len());
    for (name, path) in stores {
        let text = std::fs::read_to_string(&path).expect("a store is a text");
        let own: Vec<String> =
            all.iter().filter(|(place, _)| *place == name).map(|(_, text)| text.clone()).collect();
        complaints
            .extend(forgotten(&text, &own).into_iter().map(|found| format!("{}:{found}", path.display())));
    }
    assert!(complaints.is_empty(), "not among the feature's statements:\n{}", complaints.join("\n"));
}

#[test]
fn a_forgotten_statement_is_found() {
    let registered = ["select a from t where b = $1 and c = $2 order by a limit $3".to_owned()];
    let store = |literal: &str| format!("fn f() {{ g(\"{literal}\"); }}");
    for known in
        ["select a from t", " and c = ?", "select a \\\n    from t where b = $1", "no statement at all"]
    {
        assert_eq!(forgotten(&store(known), &registered), Vec::<String>::new(), "{known}");
    }
    for unknown in
        ["select b from t", " and d = ?", "delete from t", " order by b limit ?", "update {table} set a = 1"]
    {
        assert_eq!(forgotten(&store(unknown), &registered).len(), 1, "{unknown}");
    }
}

/// Statements that read a table from end to end or sort what they found: feature, text (`*` at its end for the rest
/// of it, and at its beginning for what stands before), why it may. The list only shrinks.
const REVIEWED: &[(&str, &str, &str)] = &[
    ("platform::job", "select job, subject, attempts, not_before from job_failures order by *", FEW_ROWS),
    (
        "sandbox",
        "select id, channel, recipient, account_id, subject, body, state, attempts, created_at from outbox *",
        PAGED,
    ),
    (
        "sandbox",
        "select cast(count(*) as bigint) from outbox",
        "the outbox of a sandbox, which a reset empties",
    ),
    (
        "identity",
        "select id, name, kind, partner_id, association_type, has_direct_customers, master_id, accounting, \
        currency, frozen, country, created_at, tier, email from accounts order by name_folded limit $1 offset $2",
        PAGED,
    ),
    (
        "identity",
        "select count(*) from accounts",
        "the operator's list of accounts, which nobody reads often",
    ),
    (
        "identity",
        "select id, name, rights, actions, is_owner, is_enabled, created_at from users where account_id = $1 *",
        FEW_ROWS,
    ),
    ("identity", "select group_id, user_id from user_group_members where account_id = $1 *", FEW_ROWS),
    ("webhooks", "select id, url, events, created_at from webhooks where account_id = $1 *", FEW_ROWS),
    ("webhooks", "select account_id, id, audience, url, events from webhooks where audience in *", FEW_ROWS),
    ("accounts", "select id, amount, expires_at from credit_lines where account_id = $1 *", FEW_ROWS),
    (
        "accounts",
        "select country, rate, valid_from, valid_to from tax_rates order by country, valid_from limit *",
        PAGED,
    ),
    ("accounts", "select count(*) from tax_rates", FEW_ROWS),
    (
        "subscriptions",
        "select count(*) from on_demand_resources where status = 2",
        "counts the partial index of their names, which holds just these",
    ),
    ("accounts", "select count(*), cast(coalesce(sum(amount), 0) as bigint) from top_ups", CHECK),
    ("accounts", "select count(*), cast(coalesce(sum(amount), 0) as bigint) from credit_lines", CHECK),
    (
        "accounts",
        "select cast(coalesce(sum(case when due_at is null then left_amount else 0 end), 0) *",
        CHECK,
    ),
    (
        "accounts",
        "select ledger_account_id, cast(sum(left_amount) as bigint) from debts *",
        "sorts twenty rows",
    ),
    ("accounts", "select cast(coalesce(sum(expired_amount), 0) as bigint) from credit_lines", CHECK),
    ("accounts", "select (select cast(coalesce(sum(used + used_before), 0) as bigint) *", CHECK),
    ("accounts", "select l.account_id, l.kind, l.subject from spending_limits l *", CHECK),
    ("accounts", "select account_id, order_id from limit_uses where left_amount < 0 *", CHECK),
    ("accounts", "select account_id, id from debts where left_amount < 0 *", CHECK),
    ("accounts", "select ledger_account_id, order_id from debts group by *", CHECK),
    (
        "ledger",
        "select j.cause, j.id, cast(coalesce(sum(case when substr(p.ledger_account_id, 1, 6) *",
        "sorts twenty rows",
    ),
    (
        "ledger",
        "select cast(coalesce(sum(case when amount > 0 then amount else 0 end), 0) as bigint), *",
        CHECK,
    ),
    (
        "ledger",
        "select j.id from journals j left join postings p on p.journal_id = j.id group by j.id having *",
        CHECK,
    ),
    ("ledger", "select distinct p.journal_id from postings p left join journals j *", CHECK),
    ("ledger", "select cast(coalesce(sum(balance), 0) as bigint) from ledger_accounts", CHECK),
    ("ledger", "select cast(coalesce(sum(amount), 0) as bigint) from postings where substr(*", CHECK),
    ("ledger", "select a.id from ledger_accounts a left join postings p *", CHECK),
    ("ledger", "select p.journal_id, p.ledger_account_id from postings p *", CHECK),
    ("ledger", "select count(*), cast(coalesce(sum(case when balance >= floor *", CHECK),
    ("ledger", "select id from ledger_accounts where balance < floor *", CHECK),
    ("ledger", "select count(*), cast(coalesce(sum(case when a.currency = j.currency *", CHECK),
    ("ledger", "select count(distinct gives_back) from journals where gives_back is not null", CHECK),
    ("ledger", "select g.journal_id, g.fund from (select r.gives_back as journal_id, *", CHECK),
    ("ledger", "select cast(coalesce(sum(balance), 0) as bigint) from ledger_totals", CHECK),
    ("ledger", "select cast(coalesce(sum(p.amount), 0) as bigint) from postings p join *", CHECK),
    ("ledger", "select t.id from ledger_totals t left join total_changes c *", CHECK),
    ("ledger", "select c.journal_id, c.total_id from total_changes c *", CHECK),
    ("orders", "select o.id from orders o left join (select account_id, order_id, *", CHECK),
    ("orders", "select cast(coalesce(sum(payable_amount), 0) as bigint) from orders", CHECK),
    ("orders", "select cast(coalesce(sum(payable_amount), 0) as bigint) from order_lines", CHECK),
    ("orders", "select cast(coalesce(sum(official_amount), 0) as bigint) from orders", CHECK),
    ("orders", "select id from orders where modifiers = '[]' *", CHECK),
    ("orders", "select distinct order_id from order_lines where modifiers = '[]' *", CHECK),
    ("orders", "select id from orders where (tax_amount <> 0 *", CHECK),
    (
        "orders",
        "select (select cast(coalesce(sum(l.payable_amount), 0) as bigint) from order_lines l *",
        CHECK,
    ),
    ("orders", "select l.order_id from order_lines l join orders o *", CHECK),
    ("orders", "select distinct r.order_id from order_returns r left join orders o *", CHECK),
    ("orders", "select count(*) from orders", CHECK),
    ("orders", "select cast(coalesce(sum(orders), 0) as bigint) from order_counters", CHECK),
    ("orders", "select distinct l.order_id from order_lines l left join orders o *", CHECK),
    ("orders", "select c.account_id from order_counters c left join *", CHECK),
    ("orders", "select distinct o.account_id from orders o left join order_counters c *", CHECK),
    ("orders", "select count(*) from orders where paid_at is not null", CHECK),
    ("orders", "select count(*) from orders where status = 5 or (status = 3 and gives_back = 0)", CHECK),
    (
        "orders",
        "select id from orders where case when status = 5 or (status = 3 and gives_back = 0) *",
        CHECK,
    ),
    (
        "subscriptions",
        "*and id in (select id from resources where account_id = *",
        "sorts fifty resources and what is attached",
    ),
    (
        "subscriptions",
        "select account_id, region_code, resource_spec_code, quota, updated_at from resource_quotas order by *",
        PAGED,
    ),
    (
        "subscriptions",
        "select count(*) from resource_quotas",
        "the operator's list of quotas, which nobody reads often",
    ),
    ("subscriptions", "select cast(coalesce(sum(returned_money), 0) as bigint) from resource_charges", CHECK),
    (
        "subscriptions",
        "select resource_key, charge_no from resource_charges where returned_money < 0 *",
        CHECK,
    ),
    (
        "subscriptions",
        "select (select cast(coalesce(sum(used), 0) as bigint) from five_day_returns), *",
        CHECK,
    ),
    ("subscriptions", "select c.account_id from five_day_returns c left join *", CHECK),
    ("subscriptions", "select cast(coalesce(sum(visible), 0) as bigint) from resource_counters", CHECK),
    ("subscriptions", "select count(*) from resources where status in (2, 4, 5)", CHECK),
    ("subscriptions", "select count(*) from resources where due_at is not null", CHECK),
    ("subscriptions", "select id from resources where (status in (2, 4, 5) and due_at is null) *", CHECK),
    ("subscriptions", "select id from on_demand_resources where status not in (2, 3) *", CHECK),
    ("subscriptions", "select r.id from resources r where r.status in (2, 5) and r.expires_at <> *", CHECK),
    ("subscriptions", "select distinct open_order_id from resources *", CHECK),
    ("subscriptions", "select c.account_id from resource_counters c left join *", CHECK),
    ("subscriptions", "select distinct r.account_id from resources r left join resource_counters c *", CHECK),
    ("promotions", "select cast(coalesce(sum(face_value), 0) as bigint), *", CHECK),
    ("promotions", "select cast(coalesce(-sum(amount), 0) as bigint) from coupon_changes where *", CHECK),
    ("promotions", "select c.id from coupons c left join coupon_changes h *", CHECK),
    ("promotions", "select c.id from stored_value_cards c left join coupon_changes h *", CHECK),
    ("promotions", "select h.coupon_id from coupon_changes h left join coupons c *", CHECK),
    ("promotions", "select id from coupons where balance < 0 *", CHECK),
    ("promotions", "select id from stored_value_cards where balance < 0 *", CHECK),
];
/// A check of the books reads everything, in its own time and on a snapshot.
const CHECK: &str = "verify recomputes everything";
/// What it reads or sorts is bounded by a small limit elsewhere.
const FEW_ROWS: &str = "there are few of them";
/// It walks an index in the order of the answer and stops after a page.
const PAGED: &str = "without a filter the order is all that an index can serve";

/// Whether a reviewed text is this one.
fn is_reviewed(part: &str, text: &str) -> bool {
    let text = on_one_line(text);
    match (part.strip_prefix('*'), part.strip_suffix('*')) {
        (Some(_), _) => text.contains(part.trim_matches('*')),
        (None, Some(beginning)) => text.starts_with(beginning),
        (None, None) => text == part,
    }
}

/// Whether SQLite reads the rows of a subquery here, whose own plan stands in other lines.
fn is_subquery(node: &str, plan: &[String]) -> bool {
    let name = node.strip_prefix("SCAN ").unwrap_or_default();
    plan.iter().any(|line| line.trim_start_matches([' ', '-', '>']) == format!("CO-ROUTINE {name}"))
}

/// What is wrong with a plan, in the engine's words.
fn faults(engine: Engine, plan: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in plan.iter().enumerate() {
        let node = line.trim_start_matches([' ', '-', '>']);
        let is_wrong = match engine {
            Engine::Sqlite => {
                (node.starts_with("SCAN ") && node != "SCAN CONSTANT ROW" && !is_subquery(node, plan))
                    || node.starts_with("USE TEMP B-TREE FOR ORDER BY")
                    || node.starts_with("USE TEMP B-TREE FOR LAST")
            }
            Engine::Postgres => {
                let its_own = plan[at + 1..].iter().take_while(|line| !line.contains("->"));
                let reads_all = node.starts_with("Index ")
                    && node.contains(" using ")
                    && !its_own.map(String::as_str).any(|line| line.contains("Index Cond:"));
                node.starts_with("Seq Scan ")
                    || node.starts_with("Sort  (")
                    || node.starts_with("Incremental Sort ")
                    || reads_all
            }
        };
        if is_wrong {
            faults.push(node.to_owned());
        }
    }
    faults
}

/// How many parameters a text has.
fn parameters(text: &str) -> usize {
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.split('$').skip(1).filter_map(number).max().unwrap_or(0)
}

/// The plan for any values of the parameters, an index taken wherever one can be.
async fn plan(db: &Db, number: usize, text: &str) -> Vec<String> {
    let count = parameters(text);
    match db.engine() {
        Engine::Sqlite => {
            let nothing = vec![Value::from(None::<i64>); count];
            db.explain(text, &nothing).await.expect("SQLite explains")
        }
        Engine::Postgres => {
            let mut tx = db.begin_write().await.expect("a transaction");
            for setting in ["seqscan", "bitmapscan", "sort", "incremental_sort"] {
                tx.exec(&format!("set local enable_{setting} = off"), &[]).await.expect("a setting");
            }
            tx.exec("set local plan_cache_mode = force_generic_plan", &[]).await.expect("a setting");
            tx.exec(&format!("prepare plan_{number} as {text}"), &[]).await.expect("it is prepared");
            let nothing =
                if count == 0 { String::new() } else { format!("({})", vec!["null"; count].join(",")) };
            let lines = tx
                .all(&format!("explain execute plan_{number}{nothing}"), &[])
                .await
                .expect("it is explained");
            tx.exec(&format!("deallocate plan_{number}"), &[]).await.expect("it is forgotten");
            tx.rollback().await;
            lines.iter().map(|line| line.text(0).to_owned()).collect()
        }
    }
}

#[tokio::test]
async fn an_index_serves_every_statement_and_its_order() {
    let mut complaints = Vec::new();
    let mut excused = BTreeSet::new();
    let all = statements();
    for on in [On::Sqlite, On::Postgres] {
        let app = TestApp::start(on).await;
        for (number, (place, text)) in all.iter().enumerate() {
            // A row that is only written needs no index to be found by, and a reset empties whole tables.
            if text.starts_with("insert ") || (text.starts_with("delete ") && !text.contains(" where ")) {
                continue;
            }
            let plan = plan(app.app.db(), number, text).await;
            assert!(!plan.is_empty(), "{on:?} has no plan for {text}");
            let faults = faults(app.app.db().engine(), &plan);
            if faults.is_empty() {
                continue;
            }
            match REVIEWED.iter().position(|(feature, part, _)| feature == place && is_reviewed(part, text)) {
                Some(reviewed) => {
                    excused.insert(reviewed);
                }
                None => complaints.push(format!("{on:?} {place}: {}\n    {text}", faults.join("; "))),
            }
        }
        app.finish().await;
    }
    for (index, (feature, part, _)) in REVIEWED.iter().enumerate() {
        if !excused.contains(&index) {
            complaints.push(format!("{feature}: {part}: an index serves it; take it off the list"));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Filters of the list of orders, and the index that serves each together with the order of the answer.
const ORDER_FILTERS: &[(&str, &str)] = &[
    ("account_id = $1", "orders_by_account_time"),
    ("account_id = $1 and created_at >= $2", "orders_by_account_time"),
    ("account_id = $1 and created_at >= $2 and paid_at >= $3", "orders_by_account_time"),
    ("account_id = $1 and status = $2", "orders_by_account_time"),
    ("account_id = $1 and status <> 5 and status = $2", "orders_by_account_status"),
    ("account_id = $1 and order_type = $2", "orders_by_account_time"),
    ("account_id = $1 and order_type <> 1 and order_type = $2", "orders_by_account_type"),
    ("account_id = $1 and service_type_folded = $2", "orders_by_account_service"),
    ("partner_id = $1", "orders_by_partner_time"),
    ("partner_id = $1 and created_at >= $2", "orders_by_partner_time"),
    ("partner_id = $1 and status <> 5 and status = $2", "orders_by_partner_status"),
    ("partner_id = $1 and order_type <> 1 and order_type = $2", "orders_by_partner_type"),
    ("partner_id = $1 and service_type_folded = $2", "orders_by_partner_service"),
    ("account_id = $1 and coalesce(partner_id, '') = $2", "orders_by_account_time"),
    ("payer_id = $1 and payer_id <> account_id", "orders_by_payer_time"),
];

crate::on_both! {
    async fn every_filter_of_the_list_of_orders_has_its_index(app) {
        let all = statements();
        let mut complaints = Vec::new();
        for (number, (filter, index)) in ORDER_FILTERS.iter().enumerate() {
            for order in ["order by created_at desc, id desc limit", "order by created_at, id limit"] {
                let wanted = format!(" from orders where {filter} {order}");
                let (_, text) = all.iter().find(|(_, text)| text.contains(&wanted)).unwrap_or_else(|| panic!("{wanted}"));
                let plan = plan(app.app.db(), number, text).await.join("; ");
                if !plan.contains(index) {
                    complaints.push(format!("{filter}: wanted {index}: {plan}"));
                }
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        app.finish().await;
    }

    async fn named_resources_are_found_without_reading_the_others(app) {
        let all = statements();
        let cases = [("and id in (select id from resources", 6), ("and status in ($2, $3, $4) and order_id = $5", 2)];
        for (part, least) in cases {
            let mut found = 0;
            for (number, (_, text)) in all.iter().enumerate().filter(|(_, (_, text))| text.contains(part)) {
                let plan = plan(app.app.db(), number, text).await.join("; ");
                let reads_all = ["resources_by_account_time", "resources_by_parent (account_id=?)"];
                assert!(!reads_all.iter().any(|index| plan.contains(index)), "{text}: {plan}");
                found += 1;
            }
            assert!(found >= least, "{found} statements with {part}");
        }
        app.finish().await;
    }

    async fn sets_are_found_without_reading_the_other_resources_of_their_account(app) {
        let all = statements();
        for table in ["resources", "on_demand_resources"] {
            let (from, by_parent) = (format!(" from {table} where "), format!("{table}_by_parent"));
            let of_parent = |text: &str| text.contains(&from) && text.contains("parent_id = $");
            let found: Vec<_> = all.iter().enumerate().filter(|(_, (_, text))| of_parent(&on_one_line(text))).collect();
            assert!(!found.is_empty(), "{table}");
            for (number, (_, text)) in found {
                let plan = plan(app.app.db(), number, text).await.join("; ");
                assert!(plan.contains(&by_parent) && !plan.contains("pkey") && !plan.contains("autoindex"), "{text}: {plan}");
            }
        }
        app.finish().await;
    }

    async fn what_limits_count_has_an_index_of_its_own(app) {
        let all = statements();
        let cases = [
            ("from audit_events where account_id = $1 and operation = $2", "audit_events_refused"),
            ("from resources where region_code = $1 and resource_spec_code = $2 and account_id = $3", "resources_by_spec"),
            ("from resources where region_code = $1 and resource_spec_code = $2 and status in", "resources_by_spec"),
        ];
        for (number, (part, index)) in cases.iter().enumerate() {
            let found = all.iter().find(|(_, text)| on_one_line(text).contains(part));
            let (_, text) = found.unwrap_or_else(|| panic!("{part}"));
            let plan = plan(app.app.db(), number, text).await.join("; ");
            assert!(plan.contains(index), "{text}: {plan}");
        }
        app.finish().await;
    }
}

#[test]
fn a_plan_without_an_index_is_found() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let sqlite = |text: &str| faults(Engine::Sqlite, &lines(text)).len();
    assert_eq!(sqlite("SEARCH orders USING INDEX orders_by_id (id=?)"), 0);
    assert_eq!(sqlite("SCAN orders"), 1);
    assert_eq!(sqlite("CO-ROUTINE found\nSEARCH orders USING INDEX a (b=?)\nSCAN found"), 0);
    assert_eq!(sqlite("CO-ROUTINE found\nSCAN orders\nSCAN found"), 1);
    assert_eq!(sqlite("SCAN orders USING COVERING INDEX orders_by_id"), 1);
    assert_eq!(sqlite("SEARCH orders USING INDEX a (b=?)\nUSE TEMP B-TREE FOR ORDER BY"), 1);
    let postgres = |text: &str| faults(Engine::Postgres, &lines(text)).len();
    assert_eq!(
        postgres("Limit  (cost=1)\n  ->  Index Scan using a on t  (cost=1)\n        Index Cond: (b = $1)"),
        0
    );
    assert_eq!(
        postgres("Limit  (cost=1)\n  ->  Index Scan using a on t  (cost=1)\n        Filter: (b = $1)"),
        1
    );
    assert_eq!(postgres("Sort  (cost=1)\n  Sort Key: a\n  ->  Seq Scan on t  (cost=1)"), 2);
}
