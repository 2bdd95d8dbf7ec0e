//! Values of shmstore as messages of ROS 2, which recorders and viewers read: definitions in `ros2msg`, bytes in CDR.
//!
//! Read first: [`Plan`], which encodes and decodes the values of one type, and [`Definitions`], which names their
//! messages. The format is XCDR1, little-endian, as [DDS-XTypes 1.3](https://www.omg.org/spec/DDS-XTypes/1.3) has it in
//! section 7.4.1.
//!
//! ```
//! use shmstore::schema::OwnedSchema;
//! use shmstore::{FixedString, ShmLayout, ShmValue};
//! use shmstore_record::{Definitions, Plan};
//!
//! #[derive(ShmValue, Clone, Copy)]
//! #[repr(C)]
//! struct Position { x: f64, y: f64 }
//!
//! let schema = OwnedSchema::from_json(Position::SCHEMA.to_json())?;
//! let definition = Definitions::new("rover").define(&schema)?;
//! assert_eq!(definition.name, "rover/msg/Position");
//! assert_eq!(definition.text, "float64 x\nfloat64 y\n");
//!
//! let (plan, mut message) = (Plan::of(&schema)?, Vec::new());
//! let bytes = [1.5_f64.to_le_bytes(), 2.0_f64.to_le_bytes()].concat(); // most often copied from an object
//! plan.encode(&bytes, &mut message);
//! assert_eq!(message[..4], [0, 1, 0, 0]); // CDR, little-endian
//! assert_eq!(plan.decode(&message)?, bytes);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod capture;
mod cdr;
mod definition;
mod message;
mod names;
pub mod output;
pub mod reading;
pub mod replay;

pub use cdr::{DecodeError, Encoded, Plan, Unfit};
pub use definition::{Definition, Definitions};
pub use message::{Kind, Message, MessageError};
