use crate::inspect::Value;
use crate::layout::InvalidValue;
use crate::layout::schema::OwnedSchema;
#[derive(Debug, thiserror::Error)]
#[error("{path}{expected}{found}")]
#[allow(missing_docs)]
pub struct ValueError {
    pub path: String,
    pub expected: String,
    pub found: String,
}
#[allow(missing_docs)]
pub fn encode(_: &OwnedSchema, _: &Value) -> Result<Vec<u8>, ValueError> {
    panic!()
}
#[allow(missing_docs)]
pub fn decode(_: &OwnedSchema, _: &[u8]) -> Result<Value, InvalidValue> {
    panic!()
}
#[allow(missing_docs)]
pub fn check(_: &OwnedSchema, _: &[u8]) -> Result<(), InvalidValue> {
    panic!()
}
