//! The functions that open parts with the C library, which writes them.

use shmstore::schema::OwnedSchema;

/// Returns the function that opens a part, if its values, keys or metadata have the types of the header.
pub(super) fn open_function(name: &str, types: &[(&str, &OwnedSchema)]) -> String {
    let layouts = types.iter().map(|(of, schema)| {
        let hash = schema.hash().to_u128();
        let (high, low) = ((hash >> 64) as u64, hash as u64);
        format!("{{SHMSTORE_{of}, {}, UINT64_C({high:#018x}), UINT64_C({low:#018x})}}", schema.size())
    });
    format!(
        "#ifdef SHMSTORE_H\n\
         /* With libshmstore: opens the part at a path of an object, if it has these types. */\n\
         static inline shmstore_code {name}_open(const shmstore_object *object, const char *path, shmstore_part **part)\n\
         {{\n    \
         static const shmstore_layout layouts[] = {{\n        {}}};\n    \
         return shmstore_part_open_as(object, path, layouts, {}, part);\n}}\n\
         #endif\n\n",
        layouts.collect::<Vec<_>>().join(",\n        "),
        types.len(),
    )
}
