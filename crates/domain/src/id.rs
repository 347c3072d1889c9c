//! Typed ids in the documented shapes, and the source that feeds them.
//!
//! An id that a client sends may be anything up to 64 characters; whether it exists is the store's question.
//! An id that we make has a shape: 32 lower-case hexadecimal digits, a UUID, or an order id
//! (`CS` + GMT+8 time + letters and digits, rule 13). Randomness comes from an [`IdSource`] that the
//! caller owns, so that a seeded run repeats itself exactly.

use std::fmt;

use crate::calendar::Instant;

/// The most characters of an id.
pub const ID_LENGTH_MAX: usize = 64;

/// Letters and digits of an order id that grow with the id source: 36^9 is more than 48 bits.
const ORDER_TIME_LENGTH: usize = 9;
/// Random letters and digits after them: 51 bits, since many orders may be made within one step of the growing part.
const ORDER_RANDOM_LENGTH: usize = 10;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no character.
    #[error("is empty")]
    Empty,
    /// More than 64 characters.
    #[error("is longer than 64 characters")]
    TooLong,
    /// A control character, or one that the id uses as a separator.
    #[error("contains a character that no id has")]
    BadCharacter,
}

/// Where new ids come from: a secure generator in production, a seeded one in tests.
pub trait IdSource: Send {
    /// The next 128 bits. The first 48 may grow with time, so that ids made later sort later; the rest is random.
    fn next_u128(&mut self) -> u128;
}

/// 32 lower-case hexadecimal digits.
pub fn hex32(ids: &mut dyn IdSource) -> String {
    format!("{:032x}", ids.next_u128())
}

/// A UUID of version 4 in its usual text form.
pub fn uuid_text(ids: &mut dyn IdSource) -> String {
    const VERSION_AND_VARIANT: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
    const FOUR_AND_RFC: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;
    let hex = format!("{:032x}", ids.next_u128() & !VERSION_AND_VARIANT | FOUR_AND_RFC);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_LENGTH_MAX * 4 || text.chars().count() > ID_LENGTH_MAX {
        return Err(IdError::TooLong);
    }
    if text.chars().any(char::is_control) { Err(IdError::BadCharacter) } else { Ok(()) }
}

/// The id of an account is a part of ledger account ids and causes, whose separators it must not contain.
fn check_domain(text: &str) -> Result<(), IdError> {
    check(text)?;
    if text.contains([':', '/']) || text == crate::ledger::HOUSE {
        Err(IdError::BadCharacter)
    } else {
        Ok(())
    }
}

// A macro, because a dozen newtypes with one body must not drift apart.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident $(made by $make:path)? $(, checked by $check:path)?) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes the text when it can be an id at all.
            ///
            /// # Errors
            /// [`IdError`], by what is wrong.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let checks: &[fn(&str) -> Result<(), IdError>] = &[check, $($check)?];
                checks.iter().try_for_each(|check| check(text))?;
                Ok(Self(text.into()))
            }

            $(
                /// A new id.
                pub fn generate(ids: &mut dyn IdSource) -> Self {
                    Self($make(ids).into())
                }
            )?

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}

id! {
    /// An account (the documents' domain): customer, partner or operator. 32 hexadecimal digits.
    DomainId made by hex32, checked by check_domain
}
id! {
    /// A user of an account. 32 hexadecimal digits.
    UserId made by hex32
}
id! {
    /// A group of users with rights. 32 hexadecimal digits.
    GroupId made by hex32
}
id! {
    /// A project of an account in a region. 32 hexadecimal digits.
    ProjectId made by hex32
}
id! {
    /// The public half of an access key.
    AccessKeyId
}
id! {
    /// The hash under which a token is stored; never the token itself.
    TokenHash
}
id! {
    /// A product of the catalogue, as the catalogue names it.
    ProductId
}
id! {
    /// An order: `CS`, time in GMT+8, letters and digits.
    OrderId
}
id! {
    /// A line of an order: the order's id and a number.
    OrderLineId
}
id! {
    /// A resource: a UUID, unless the cloud that provisions it names it.
    ResourceId made by uuid_text
}
id! {
    /// A journal of the ledger. 32 hexadecimal digits.
    JournalId made by hex32
}
id! {
    /// A top-up. 32 hexadecimal digits.
    TopUpId made by hex32
}

/// The last `length` digits of a number to the base 36, in capitals.
fn base36(mut number: u128, length: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(number % 36).expect("a remainder of 36 is small")];
        number /= 36;
    }
    digits.into_iter().map(char::from).collect()
}

impl OrderId {
    /// A new order id: `CS`, `yyMMddHHmm` in GMT+8, nineteen capital letters and digits (rule 13).
    ///
    /// The first nine of those follow the id source's growing part: lists break ties of time by id, so orders placed
    /// while a sandbox clock stands still are listed in the order in which they were placed.
    pub fn make(now: Instant, ids: &mut dyn IdSource) -> Self {
        let id = ids.next_u128();
        let grown = base36(id >> 80, ORDER_TIME_LENGTH);
        let random = base36(id, ORDER_RANDOM_LENGTH);
        Self(format!("CS{}{grown}{random}", now.to_compact_gmt8()).into())
    }
}

impl OrderLineId {
    /// The id of the n-th line of an order, counted from 1: `{order}-000001`.
    pub fn of(order: &OrderId, number: u32) -> Self {
        Self(format!("{order}-{number:06}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u128);

    impl IdSource for Fixed {
        fn next_u128(&mut self) -> u128 {
            self.0
        }
    }

    #[test]
    fn made_ids_have_their_shapes() {
        assert_eq!(hex32(&mut Fixed(255)), "000000000000000000000000000000ff");
        assert_eq!(uuid_text(&mut Fixed(u128::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid_text(&mut Fixed(0)), "00000000-0000-4000-8000-000000000000");
        let now = Instant::parse_utc("2026-01-15T17:05:00Z").unwrap();
        let order = OrderId::make(now, &mut Fixed(35 + 36 * 10));
        assert_eq!(order.as_str(), "CS260116010500000000000000000AZ");
        assert_eq!(OrderLineId::of(&order, 1).as_str(), "CS260116010500000000000000000AZ-000001");
        assert_eq!(DomainId::generate(&mut Fixed(1)).as_str().len(), 32);
        assert_eq!(ResourceId::generate(&mut Fixed(1)).as_str().len(), 36);
    }

    #[test]
    fn orders_of_one_instant_sort_in_the_order_they_were_made() {
        let now = Instant::parse_utc("2026-01-15T17:05:00Z").unwrap();
        let made = |at: u128, random: u128| OrderId::make(now, &mut Fixed((at << 80) | random));
        let ids = [made(0, 9), made(1, 8), made(35, 7), made(36, 6), made((1 << 48) - 1, 5)];
        assert!(ids.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()), "{ids:?}");
    }

    #[test]
    fn what_can_be_no_id_is_refused_by_its_reason() {
        assert_eq!(OrderId::parse(""), Err(IdError::Empty));
        assert_eq!(OrderId::parse("a\nb"), Err(IdError::BadCharacter));
        assert_eq!(OrderId::parse("a\0"), Err(IdError::BadCharacter));
        assert_eq!(OrderId::parse(&"x".repeat(65)), Err(IdError::TooLong));
        assert_eq!(OrderId::parse(&"x".repeat(64)).unwrap().as_ref().len(), 64);
        assert_eq!(
            ProductId::parse("00301-243025-0--0_merge").unwrap().to_string(),
            "00301-243025-0--0_merge"
        );
    }

    #[test]
    fn no_account_can_pose_as_the_house_or_split_a_ledger_id() {
        for text in ["house", "a:cash", "a/b"] {
            assert_eq!(DomainId::parse(text), Err(IdError::BadCharacter), "{text}");
        }
    }
}
