//! What the benchmarks work on: an application with customers, money and orders, behind a real socket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use domain::calendar::{PeriodType, Term};
use domain::money::Charge;
use domain::promotion::{CouponType, DiscountMode, DiscountType, Scope};
use domain::quantity::Quantity;
use platform::auth::secrets::Vault;
use platform::clock::Clock;
use platform::db::{Db, PgOptions, SqliteOptions, Sync};
use platform::op::http::DoorConfig;
use platform::op::{AccountKind, Host};
use platform::{job, listen, params};
use server::app::{App, AppConfig, MIGRATIONS, Provisioner};
use server::identity::service::{Account, NewAccount};
use server::orders::service::{NewLine, NewOrder};
use server::promotions::service::{NewCoupon, NewDiscount, Validity, Worth};
use server::{Cx, accounts, identity, orders, promotions, sandbox};
use tokio::sync::oneshot;

use super::load::Key;

/// How many customers there are; the first is the hot one.
pub const CUSTOMERS: usize = 100;
/// Orders placed in one transaction.
const ORDERS_AT_ONCE: usize = 200;
/// How many transactions place orders at the same time.
const PLACING_AT_ONCE: usize = 4;

/// An application behind a socket.
pub struct Stock {
    /// The application.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The customers and their keys; the first is the hot one.
    pub customers: Vec<(Arc<Account>, Key)>,
    stop: Option<oneshot::Sender<()>>,
}

/// Which database an application is opened on.
#[derive(Clone, Copy, Debug)]
pub enum On<'a> {
    /// A SQLite file in this folder; commits wait for the disk.
    Sqlite(&'a Path),
    /// An empty PostgreSQL database.
    Postgres(&'a str),
}

impl Stock {
    /// Opens a database, fills it with customers, and serves it as a server of the product would: audit on,
    /// authentication on, published request limits off.
    pub async fn open(on: On<'_>) -> Self {
        let db = match on {
            On::Sqlite(folder) => {
                let options = SqliteOptions { readers: 4, sync: Sync::Full };
                Db::open_sqlite(folder.join("openbss.db"), options).await
            }
            On::Postgres(url) => {
                Db::open_postgres(url, PgOptions { pool_size: 20, root_certificate: None }).await
            }
        };
        let db = db.expect("the database opens");
        db.migrate(MIGRATIONS, 0).await.expect("the schema is brought up");
        let app = App::open(AppConfig {
            db,
            clock: Clock::sandbox(sandbox::service::FIRST_NOW),
            site: domain::site::Site::Intl,
            vault: Vault::from_key_bytes([7; 32]),
            provisioner: Provisioner::Immediate,
            is_sandbox: true,
            seed: Some(42),
        });
        let app = app.await.expect("the application opens");
        sandbox::service::seed(&app).await.expect("the demo catalogue is seeded");
        let customers = customers(&app).await;
        let door = DoorConfig { throttle: false, ..DoorConfig::default() };
        let server = app.server(door).expect("no two operations claim one path");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(listen::serve(listener, None, server, async move {
            // Both a message and a dropped sender mean the end.
            let _ = stopped.await;
        }));
        Self { app, address, customers, stop: Some(stop) }
    }

    /// The key of the customer that a request with this number belongs to: every second one is of the hot
    /// customer, the others are spread evenly.
    pub fn owner(&self, number: usize) -> usize {
        if number.is_multiple_of(2) { 0 } else { 1 + number / 2 % (CUSTOMERS - 1) }
    }

    /// Grants every customer a discount of each kind that competes for the best offer; the ids of the commercial
    /// ones, by customer.
    pub async fn grant_discounts(&self) -> Vec<String> {
        let mut commercial = Vec::with_capacity(self.customers.len());
        let kinds = [DiscountType::Commercial, DiscountType::ResellerCommercial, DiscountType::Partner];
        for (customer, _) in &self.customers {
            let mut cx = job::context(&self.app, "bench").await.expect("a transaction");
            for kind in kinds {
                let new = NewDiscount {
                    owner: customer.id.clone(),
                    kind,
                    mode: DiscountMode::Ratio(Quantity::parse("0.9").expect("a ratio")),
                    name: None,
                    scope: Scope {
                        service_type: None,
                        resource_type: None,
                        product_id: None,
                        region: None,
                        period_type: None,
                    },
                    valid_from: None,
                    expires_at: None,
                };
                let granted = promotions::service::grant(&mut cx, new).await.expect("it is granted");
                if kind == DiscountType::Commercial {
                    commercial.push(granted.discount.id);
                }
            }
            finish(cx).await;
        }
        commercial
    }

    /// Issues a cash coupon for each owner in turn, worth less than an order: their ids.
    pub async fn issue_coupons(&self, owners: &[usize]) -> Vec<String> {
        let mut issued = Vec::with_capacity(owners.len());
        for owners in owners.chunks(ORDERS_AT_ONCE) {
            let mut cx = job::context(&self.app, "bench").await.expect("a transaction");
            for owner in owners {
                let new = NewCoupon {
                    owner: self.customers[*owner].0.id.clone(),
                    kind: CouponType::Cash,
                    worth: Worth::Money(Charge::cents(500)),
                    validity: Validity {
                        from: None,
                        until: sandbox::service::FIRST_NOW.plus_hours(24 * 365),
                    },
                    name: None,
                    limits: Vec::new(),
                };
                let coupon = promotions::service::issue(&mut cx, new).await.expect("it is issued");
                issued.push(coupon.coupon.id);
            }
            finish(cx).await;
        }
        issued
    }

    /// Places orders that wait for payment: numbers of customers, and order ids.
    pub async fn place_orders(&self, count: usize) -> Vec<(usize, String)> {
        let mut placed = Vec::with_capacity(count);
        let mut number = 0;
        while number < count {
            let mut tasks = Vec::new();
            for _ in 0..PLACING_AT_ONCE {
                let end = count.min(number + ORDERS_AT_ONCE);
                let owners: Vec<usize> = (number..end).map(|number| self.owner(number)).collect();
                number = end;
                let new = owners.iter().map(|owner| order_of(&self.customers[*owner].0)).collect();
                tasks.push((owners, tokio::spawn(place(self.app.clone(), new))));
            }
            for (owners, task) in tasks {
                placed.extend(owners.into_iter().zip(task.await.expect("orders are placed")));
            }
        }
        placed
    }

    /// Buys so many machines for a month that are renewed automatically, spread evenly over the customers.
    pub async fn subscribe(&self, count: usize) {
        for first in (0..count).step_by(ORDERS_AT_ONCE) {
            let owners = first..count.min(first + ORDERS_AT_ONCE);
            let order = |number: usize| NewOrder {
                auto_pay: true,
                auto_renew: true,
                ..order_of(&self.customers[number % CUSTOMERS].0)
            };
            place(self.app.clone(), owners.map(order).collect()).await;
        }
    }

    /// Fills the table of orders up to a million, a tenth of them the hot customer's.
    pub async fn million_orders(&self) {
        const ALL: i64 = 1_000_000;
        let mut first = 0;
        for (number, (customer, _)) in self.customers.iter().enumerate() {
            let others = i64::try_from(CUSTOMERS - 1).expect("few");
            let count = if number == 0 { ALL / 10 } else { (ALL - ALL / 10) / others };
            let mut tx = self.app.db().begin_write().await.expect("a transaction");
            let filled = params![&customer.id, first, first + count - 1, sandbox::service::FIRST_NOW.ms()];
            tx.exec(MANY_ORDERS, filled).await.expect("orders are written");
            tx.exec(COUNT_ORDERS, params![&customer.id, count]).await.expect("orders are counted");
            tx.commit().await.expect("it is durable");
            first += count;
        }
    }

    /// Stops serving and closes the database.
    pub async fn close(mut self) {
        drop(self.stop.take());
        self.app.db().close().await.expect("it closes");
    }
}

/// Finished orders, half an hour apart.
const MANY_ORDERS: &str = "insert into orders (account_id, id, order_type, status, source_type, service_type_code, \
    service_type_folded, enterprise_projects, partner_id, payer_id, official_amount, payable_amount, currency, \
    user_name, auto_pay, auto_renew, combined_id, base_order_id, created_at, paid_at, pay_before, open_lines, \
    modifiers, tax_amount, gives_back, fee_amount, consumed_amount, is_invoiced) with recursive n(i) as (select cast($2 as bigint) union all select i + 1 from n where i < $3) \
    select $1, 'CS25' || cast(100000000000000 + i as text), 1, 5, 1, 'hws.service.type.ec2', \
    'hws.service.type.ec2', '[\"0\"]', null, $1, 18207, 18207, 'USD', 'bench', 0, 0, null, null, \
    $4 - (i - $2) * 300000 - 1000, $4 - (i - $2) * 300000 - 500, null, 0, '[]', 0, 0, 0, 0, 0 from n";
const COUNT_ORDERS: &str = "insert into order_counters (account_id, partner_id, orders) values ($1, '', $2) \
    on conflict (account_id, partner_id) do update set orders = order_counters.orders + $2";

async fn finish(mut cx: Cx) {
    let tx = cx.tx.take().expect("the context was made with one");
    tx.commit().await.expect("it is durable");
    for hook in cx.take_hooks() {
        hook(&cx.app);
    }
}

/// Customers with a key and more money than any benchmark spends.
async fn customers(app: &Arc<App>) -> Vec<(Arc<Account>, Key)> {
    let mut made = Vec::with_capacity(CUSTOMERS);
    let mut cx = job::context(app, "bench.customers").await.expect("a transaction");
    for number in 0..CUSTOMERS {
        let key = Key {
            access_key: format!("BENCHMARKCUSTOMER{number:03}"),
            secret_key: format!("benchmark-secret-of-customer-number-{number:04}"),
        };
        let new = NewAccount {
            name: format!("bench-{number}"),
            kind: AccountKind::Customer,
            partner_id: None,
            association_type: None,
            has_direct_customers: false,
            master_id: None,
            accounting: None,
            country: None,
            email: None,
            id: None,
            user_name: "bench".to_owned(),
            password_hash: None,
            access_key: Some((key.access_key.clone(), key.secret_key.clone())),
            projects: Vec::new(),
        };
        let account = identity::service::create_account(&mut cx, &new).await.expect("an account");
        made.push((Arc::new(account), key));
    }
    finish(cx).await;
    for (account, _) in &made {
        let mut cx = job::context(app, "bench.money").await.expect("a transaction");
        let amount = Charge::parse("1000000000.00").expect("an amount");
        let into = accounts::service::Balance::Cash;
        accounts::service::top_up(&mut cx, &account.id, into, amount, "bench").await.expect("money comes in");
        finish(cx).await;
    }
    made
}

fn order_of(customer: &Arc<Account>) -> NewOrder {
    NewOrder {
        customer: customer.clone(),
        user_name: "bench".to_owned(),
        lines: vec![NewLine {
            cloud_service_type: "hws.service.type.ec2".to_owned(),
            resource_type: "hws.resource.type.vm".to_owned(),
            resource_spec: "s3.medium.4.linux".to_owned(),
            region: "eu-west-101".to_owned(),
            available_zone: None,
            resource_size: None,
            size_measure_id: None,
            term: Term { period: PeriodType::Month, count: 1 },
            subscription_num: 1,
            resource_name: None,
            project_id: None,
            enterprise_project_id: None,
            attached_to: None,
        }],
        auto_pay: false,
        auto_renew: false,
        begin_at: None,
        is_combined: false,
        discount: None,
        coupon: None,
    }
}

async fn place(app: Arc<App>, orders: Vec<NewOrder>) -> Vec<String> {
    let mut cx = job::context(&app, "bench.orders").await.expect("a transaction");
    let mut ids = Vec::with_capacity(orders.len());
    for new in &orders {
        ids.push(orders::service::place(&mut cx, new).await.expect("an order is placed").id);
    }
    finish(cx).await;
    ids
}
