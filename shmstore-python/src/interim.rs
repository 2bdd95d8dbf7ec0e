//! Stand-in until `shmstore::dynamic` is there.
use shmstore::inspect::Value;
use shmstore::schema::*;
use std::fmt;
pub struct ValueError { pub path: String, pub expected: String, pub found: String }
impl fmt::Display for ValueError { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}: expected {}, found {}", self.path, self.expected, self.found) } }
pub fn encode(schema: &OwnedSchema, value: &Value) -> Result<Vec<u8>, ValueError> {
    let mut bytes = vec![0; schema.size() as usize];
    enc(schema, value, &mut bytes)?; Ok(bytes)
}
fn no(e: String, v: &Value) -> Result<(), ValueError> { Err(ValueError { path: String::new(), expected: e, found: v.to_string() }) }
fn enc(s: &OwnedSchema, v: &Value, b: &mut [u8]) -> Result<(), ValueError> {
    let n = match v { Value::Signed(n) => Some(*n as i128), Value::Unsigned(n) => Some(*n as i128), Value::Variant { discriminant, .. } => Some(*discriminant), _ => None };
    match (s.kind(), v) {
        (OwnedKind::Primitive(Primitive::Bool), Value::Bool(x)) => b[0] = u8::from(*x),
        (OwnedKind::Primitive(Primitive::Char), Value::Char(x)) => b.copy_from_slice(&(*x as u32).to_le_bytes()),
        (OwnedKind::Primitive(Primitive::F64), Value::F64(x)) => b.copy_from_slice(&x.to_le_bytes()),
        (OwnedKind::Primitive(Primitive::F32), Value::F64(x)) if f64::from(*x as f32) == *x || x.is_nan() => b.copy_from_slice(&(*x as f32).to_le_bytes()),
        (OwnedKind::Primitive(p), _) => {
            let (lo, hi) = match p { Primitive::U8 => (0, u8::MAX as i128), Primitive::U16 => (0, u16::MAX as i128), Primitive::U32 => (0, u32::MAX as i128), Primitive::U64 => (0, u64::MAX as i128),
                Primitive::I8 => (i8::MIN as i128, i8::MAX as i128), Primitive::I16 => (i16::MIN as i128, i16::MAX as i128), Primitive::I32 => (i32::MIN as i128, i32::MAX as i128), Primitive::I64 => (i64::MIN as i128, i64::MAX as i128), _ => (1, 0) };
            match n { Some(n) if lo <= n && n <= hi => { let l = b.len(); b.copy_from_slice(&n.to_le_bytes()[..l]) } _ => return no(format!("{}", p.name()), v) }
        }
        (OwnedKind::Enum { variants, .. }, _) => match n { Some(n) if variants.iter().any(|x| x.discriminant == n) => { let l = b.len(); b.copy_from_slice(&n.to_le_bytes()[..l]) } _ => return no(s.to_string(), v) },
        (OwnedKind::FixedString { capacity }, Value::Text(t)) if t.len() as u64 <= *capacity => { b[..4].copy_from_slice(&(t.len() as u32).to_le_bytes()); b[4..4 + t.len()].copy_from_slice(t.as_bytes()) }
        (OwnedKind::Array { len, element }, Value::List { len: l, first }) if l == len => for (i, x) in first.iter().enumerate() { let z = element.size() as usize; enc(element, x, &mut b[i * z..][..z])? },
        (OwnedKind::FixedVec { capacity, element }, Value::List { len: l, first }) if l <= capacity => { b[..8].copy_from_slice(&l.to_le_bytes()); for (i, x) in first.iter().enumerate() { let z = element.size() as usize; enc(element, x, &mut b[8 + i * z..][..z])? } }
        (OwnedKind::Struct { fields, .. }, Value::Struct { fields: f, .. }) => for field in fields.iter().filter(|f| !matches!(f.schema.kind(), OwnedKind::Pad | OwnedKind::Phantom)) {
            match f.iter().find(|x| x.0 == field.name) { Some(x) => enc(&field.schema, &x.1, &mut b[field.offset as usize..][..field.schema.size() as usize])?, None => return no(format!("a field `{}`", field.name), v) }
        },
        (OwnedKind::Pad | OwnedKind::Phantom, Value::Nothing) => {}
        _ => return no(s.to_string(), v),
    }
    Ok(())
}
