//! A figure's numbers as CSV.

use crate::figure::Table;

/// The table as CSV in UTF-8, one header line and one line a row.
///
/// # Errors
/// None in practice: memory takes every byte.
pub fn encode(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&table.header)?;
    for row in &table.rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
