//! Refused parameters: which, why, and what is allowed, in English and Chinese.

use super::{ApiError, Node, door};

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Problem {
    /// It is missing.
    Required,
    /// It is given in a form of absence that this parameter refuses, and may be left out.
    Absent(&'static str),
    /// It is required and given in a form of absence.
    Blank(&'static str),
    /// It is of another type.
    Type(&'static str),
    /// It is outside its range.
    Range(i64, i64),
    /// It is too long.
    Long(usize),
    /// It has too few or too many items.
    Items(usize, usize),
    /// It is not one of these.
    OneOf(Vec<String>),
    /// It is not in this form.
    Form(&'static str),
    /// Another reason, in English and Chinese.
    Other(String, String),
}

impl Problem {
    fn say(&self) -> (String, String) {
        match self {
            Self::Required => ("is required".into(), "为必填参数".into()),
            Self::Absent(form) => (
                format!("must not be {form}; leave it out or give a value"),
                format!("不能为 {form}，请省略或填写有效值"),
            ),
            Self::Blank(form) => {
                (format!("is required and must not be {form}"), format!("为必填参数，不能为 {form}"))
            }
            Self::Type(wanted) => (format!("must be {wanted}"), format!("类型错误，应为 {wanted}")),
            Self::Range(min, i64::MAX) => (format!("must be at least {min}"), format!("不能小于 {min}")),
            Self::Range(min, max) => {
                (format!("must be from {min} to {max}"), format!("取值范围为 {min} 到 {max}"))
            }
            Self::Long(max) => {
                (format!("must have at most {max} characters"), format!("长度不能超过 {max} 个字符"))
            }
            Self::Items(min, max) => {
                (format!("must have {min} to {max} items"), format!("元素个数必须为 {min} 到 {max} 个"))
            }
            Self::OneOf(values) => {
                let list = values.join(", ");
                (format!("must be one of {list}"), format!("取值只能为 {list}"))
            }
            Self::Form(form) => (format!("must be {form}"), format!("格式错误，应为 {form}")),
            Self::Other(en, zh) => (en.clone(), zh.clone()),
        }
    }
}

/// A refused parameter: which, and why.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Refusal {
    /// The parameter, as a path such as `product_infos[2].usage_value`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// The line of the document it stands on, where that is known.
    pub line: Option<usize>,
}

impl Refusal {
    /// A refusal of `field`.
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem, line: None }
    }

    /// A refusal of `field` for a reason in our own words.
    pub fn because(field: impl Into<String>, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::new(field, Problem::Other(en.into(), zh.into()))
    }

    /// The same refusal, seen from the object or list that holds the field.
    pub(super) fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }

    /// The same refusal with the line of `node`, unless an inner one is known.
    pub fn on_line_of(mut self, node: &Node) -> Self {
        self.line = self.line.or(node.line());
        self
    }

    /// The refusal in English, for documents and command lines.
    pub fn text(&self) -> String {
        let (en, _) = self.problem.say();
        match self.line {
            Some(line) => format!("line {line}: {} {en}", self.field),
            None => format!("{} {en}", self.field),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (en, zh) = refusal.problem.say();
        let field = &refusal.field;
        match refusal.line {
            Some(line) => door::PARAMETER
                .because(format!("Line {line}: {field} {en}."), format!("第 {line} 行：参数 {field} {zh}。")),
            None => door::PARAMETER.because(format!("{field} {en}."), format!("参数 {field} {zh}。")),
        }
    }
}
