//! What the simulated customers buy: facts of the demo catalogue, prices in cents.

use serde_json::{Value, json};

use crate::calendar::{Secs, Term, parse};

/// A product.
#[derive(Debug)]
pub struct Good {
    pub service: &'static str,
    pub kind: &'static str,
    pub spec: &'static str,
    /// Unit of the size, where it has one.
    pub measure: Option<i64>,
    /// Cents of a month.
    month: i64,
    /// Cents of a year, where that has a price of its own.
    year: Option<i64>,
    /// It is sold by itself and may have others attached.
    pub is_main: bool,
}

const fn good(
    (service, kind, spec): (&'static str, &'static str, &'static str),
    measure: Option<i64>,
    (month, year): (i64, Option<i64>),
    is_main: bool,
) -> Good {
    Good { service, kind, spec, measure, month, year, is_main }
}

const VM: &str = "hws.resource.type.vm";
const EC2: &str = "hws.service.type.ec2";
const VOLUME: &str = "hws.resource.type.volume";
const EBS: &str = "hws.service.type.ebs";

/// The products, by number.
pub const GOODS: &[Good] = &[
    good((EC2, VM, "s3.medium.4.linux"), None, (18_207, Some(182_070)), true),
    good((EC2, VM, "s2.medium.4.linux"), None, (3_000, Some(30_000)), true),
    good((EC2, VM, "s3.small.1.linux"), None, (960, Some(9_600)), true),
    good((EC2, VM, "s2.small.1.linux"), None, (1_200, Some(12_000)), true),
    good((EC2, VM, CHEAPER), None, (6_000, Some(60_000)), true),
    good(
        ("hws.service.type.rds", "hws.resource.type.rds.instance", "rds.mysql.s1.medium"),
        None,
        (3_200, Some(32_000)),
        true,
    ),
    good(
        ("hws.service.type.dcs", "hws.resource.type.dcs.redis", "redis.ha.xu1.large.r2.2"),
        None,
        (3_800, Some(38_000)),
        true,
    ),
    good(("hws.service.type.elb", "hws.resource.type.elb", "elb.l7.small"), None, (2_800, None), true),
    good(
        ("hws.service.type.vpc", "hws.resource.type.bandwidth", "19_share"),
        Some(15),
        (910, Some(9_100)),
        true,
    ),
    good(("hws.service.type.vpc", "hws.resource.type.ip", "5_bgp"), None, (0, None), true),
    good((EBS, VOLUME, "SATA"), Some(17), (5, Some(50)), false),
    good((EBS, VOLUME, "SAS"), Some(17), (9, Some(92)), false),
    good((EBS, VOLUME, "GPSSD"), Some(17), (14, None), false),
    good((EBS, VOLUME, "ESSD"), Some(17), (33, Some(330)), false),
    good((EC2, VM, "s3.small.1.linux.trial"), None, (0, None), false),
];

/// Its price falls once.
const CHEAPER: &str = "s3.large.4.linux";
const CHEAPER_FROM: &str = "2026-06-30T16:00:00Z";

/// The region that everything is sold in.
pub const REGION: &str = "ap-southeast-1";

impl Good {
    /// Cents of a month and of a year, where that has a price of its own.
    pub fn prices(&self, now: Secs) -> (i64, Option<i64>) {
        if self.spec == CHEAPER && now >= parse(CHEAPER_FROM) {
            (5_400, Some(54_000))
        } else {
            (self.month, self.year)
        }
    }

    /// It costs nothing, and is sold by itself.
    pub fn is_trial(&self) -> bool {
        self.spec.ends_with(".trial")
    }

    /// Whether a resource can change from one of them to the other.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.service, self.kind) == (other.service, other.kind)
    }

    /// The list price of one, in cents: the longest priced period first (rule 3.10).
    pub fn price(&self, term: Term, size: i64, now: Secs) -> i64 {
        let (month, year) = self.prices(now);
        let months = term.months();
        let unit = match year {
            Some(year) => months / 12 * year + months % 12 * month,
            None => months * month,
        };
        unit * if self.measure.is_some() { size } else { 1 }
    }

    /// The fields that name it in the own API.
    pub fn named(&self, size: i64) -> Value {
        let mut line = json!({
            "cloud_service_type": self.service, "resource_type": self.kind, "resource_spec": self.spec,
            "region": REGION,
        });
        if let Some(measure) = self.measure {
            line["resource_size"] = json!(size);
            line["size_measure_id"] = json!(measure);
        }
        line
    }
}
