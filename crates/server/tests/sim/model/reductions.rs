//! What an order costs with a discount and a coupon (rules 3.3, 4.2 to 4.6).

use super::{Coupon, Customer, Discount, Mode};
use crate::calendar::Secs;

/// A refusal.
pub type Code = &'static str;

pub const MISFIT: Code = "CBC.99003108";
pub const UNUSABLE: Code = "CBC.99003112";
pub const EXCLUDED: Code = "CBC.99003116";

/// Divides and rounds half up, for amounts of at least zero.
pub fn half_up(amount: i128, divisor: i128) -> i64 {
    i64::try_from((2 * amount + divisor).div_euclid(2 * divisor)).unwrap()
}

/// Parts of a whole in the ratio of weights: cut, and what is left goes cent by cent to those that lost most, the
/// first of them before the others.
pub fn shares(whole: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &i64| i128::from(whole) * i128::from(*weight);
    let mut parts: Vec<i64> =
        weights.iter().map(|weight| i64::try_from(exact(weight) / sum).unwrap()).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| (-(exact(&weights[*at]) % sum), *at));
    let left = whole - parts.iter().sum::<i64>();
    for at in order.into_iter().take(usize::try_from(left).unwrap()) {
        parts[at] += 1;
    }
    parts
}

/// What a discount takes off list prices, in ten-thousandths of the currency (exact) and in cents, line by line.
fn reduced(discount: &Discount, lists: &[i64]) -> (i64, Vec<i64>) {
    match discount.mode {
        Mode::Ratio(percent) => {
            let exact = lists.iter().map(|list| list * (100 - percent)).sum();
            let left = |list: &i64| half_up(i128::from(list * percent), 100);
            (exact, lists.iter().map(|list| list - left(list)).collect())
        }
        Mode::Off(cents) => {
            let off = cents.min(lists.iter().sum());
            (off * 100, shares(off, lists))
        }
    }
}

impl Coupon {
    /// Nothing more can be paid with it.
    pub fn is_spent(&self) -> bool {
        self.left == 0 || self.limits.is_once && self.uses > 0
    }

    /// Whether it can pay orders, of which this is the first, that it may be held by.
    fn is_usable(&self, holder: usize, now: Secs) -> bool {
        let is_held = self.held.is_some_and(|held| held != holder);
        !(self.is_spent() || is_held || self.is_frozen || self.is_withdrawn || now >= self.expires)
    }
}

impl Customer {
    fn lists(&self, orders: &[usize]) -> Vec<i64> {
        orders
            .iter()
            .flat_map(|order| &self.orders[*order].lines)
            .map(|line| line.list - line.adjusted)
            .collect()
    }

    /// Fixes what orders that are paid together cost with a discount and a coupon.
    pub fn reduce(
        &mut self,
        orders: &[usize],
        discount: Option<usize>,
        coupon: Option<usize>,
        now: Secs,
    ) -> Result<(), Code> {
        let lists = self.lists(orders);
        let mut off = vec![0; lists.len()];
        // What the operator has adjusted takes no other discount.
        if discount.is_some() && self.is_adjusted(orders) {
            return Err(MISFIT);
        }
        if let Some(discount) = discount {
            let discount = &self.discounts[discount];
            let (_, cents) = reduced(discount, &lists);
            if discount.is_withdrawn || lists.iter().all(|list| *list == 0) {
                return Err(MISFIT);
            }
            off = cents;
        }
        let left: Vec<i64> = lists.iter().zip(&off).map(|(list, off)| list - off).collect();
        let mut paid = vec![0; lists.len()];
        if let Some(coupon) = coupon {
            let coupon = &self.coupons[coupon];
            let due: i64 = left.iter().sum();
            if !coupon.is_usable(self.together(orders[0])[0], now) {
                return Err(UNUSABLE);
            }
            if coupon.limits.least.is_some_and(|least| due < least) {
                return Err(MISFIT);
            }
            let is_offer = discount.is_some_and(|discount| self.discounts[discount].kind != 700);
            if is_offer && coupon.limits.excludes_offers {
                return Err(EXCLUDED);
            }
            paid = shares(coupon.left.min(due), &left);
        }
        let mut parts = off.into_iter().zip(paid);
        for order in orders {
            let order = &mut self.orders[*order];
            for line in &mut order.lines {
                (line.discount, line.coupon) = parts.next().unwrap();
                line.purses.clear();
            }
            order.discount = discount.filter(|_| order.lines.iter().any(|line| line.discount > 0));
            order.coupon = coupon.filter(|_| order.lines.iter().any(|line| line.coupon > 0));
        }
        Ok(())
    }

    /// What automatic payment takes: the commercial or partner discount that takes off most, then a coupon that goes
    /// with it, or the promotion that the resource was bought with. A coupon with limits comes before one without, then the earliest to expire.
    pub fn choose(
        &self,
        orders: &[usize],
        named: (Option<usize>, Option<usize>),
        promotion: Option<usize>,
        now: Secs,
    ) -> (Option<usize>, Option<usize>) {
        let lists = self.lists(orders);
        let mut trial = self.clone();
        let discount = named.0.or_else(|| {
            if self.is_adjusted(orders) {
                return None;
            }
            let offers = (0..self.discounts.len())
                .filter(|at| self.discounts[*at].kind != 700 || promotion == Some(*at));
            let saving = offers.filter_map(|at| {
                let saved = reduced(&self.discounts[at], &lists);
                let goes =
                    saved.1.iter().sum::<i64>() > 0 && trial.reduce(orders, Some(at), named.1, now).is_ok();
                let gives =
                    named.1.is_none() || orders.iter().any(|order| trial.orders[*order].coupon.is_some());
                (goes && gives).then_some((-saved.0, self.discounts[at].kind, at))
            });
            saving.min().map(|(_, _, at)| at)
        });
        let coupon = named.1.or_else(|| {
            let mut coupons: Vec<usize> = (0..self.coupons.len()).collect();
            coupons.sort_by_key(|at| {
                let coupon = &self.coupons[*at];
                (!coupon.limits.is_restricted(), coupon.expires, -coupon.left, coupon.id.clone())
            });
            coupons.into_iter().find(|at| {
                let fits = trial.reduce(orders, discount, Some(*at), now).is_ok();
                fits && orders.iter().any(|order| trial.orders[*order].coupon.is_some())
            })
        });
        (discount, coupon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_whole_and_the_first_gets_the_cent() {
        assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(shares(1, &[5, 6]), [0, 1]);
        assert_eq!(shares(0, &[5, 6]), [0, 0]);
    }

    #[test]
    fn half_a_cent_is_left_to_be_paid() {
        assert_eq!(half_up(18_207 * 50, 100), 9_104);
    }
}
