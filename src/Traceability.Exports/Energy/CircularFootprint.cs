namespace Traceability.Exports.Energy;

/// <summary>
/// End of life by the circular footprint formula (European Commission, Product Environmental Footprint method, as the
/// draft method for EV batteries takes it). In kilogram CO2e per kilogram of the material; shares are from 0 to 1.
/// </summary>
/// <param name="RecycledContent">R1: share of recycled material that goes in.</param>
/// <param name="RecycledOut">R2: share that is recycled after use.</param>
/// <param name="EnergyRecovered">R3: share that is burnt for energy after use.</param>
/// <param name="Allocation">A: share of burdens and credits that falls to the one that uses recycled material.</param>
/// <param name="Virgin">Ev: virgin material.</param>
/// <param name="Recycled">Erecycled: recycled material that goes in.</param>
/// <param name="Recycling">ErecyclingEoL: recycling after use.</param>
/// <param name="Replaced">E*v: virgin material that is replaced by what was recycled.</param>
/// <param name="QualityIn">Qs_in/Qp: quality of the recycled material that goes in, against virgin material.</param>
/// <param name="QualityOut">Qs_out/Qp: quality of the material after recycling.</param>
/// <param name="EnergyBurdens">EER less the credits for heat and electricity, per kilogram that is burnt.</param>
/// <param name="EnergyAllocation">B: share of energy recovery that falls to the one that uses the energy.</param>
/// <param name="Disposal">ED: disposal of what is neither recycled nor burnt.</param>
public sealed record CircularFootprint(
    decimal RecycledContent, decimal RecycledOut, decimal EnergyRecovered, decimal Allocation, decimal Virgin,
    decimal Recycled, decimal Recycling, decimal Replaced, decimal QualityIn, decimal QualityOut, decimal EnergyBurdens,
    decimal EnergyAllocation, decimal Disposal)
{
    /// <summary>(1-R1) Ev + R1 (A Erecycled + (1-A) Ev Qs_in/Qp).</summary>
    public decimal Material => ((1 - RecycledContent) * Virgin)
        + (RecycledContent * ((Allocation * Recycled) + ((1 - Allocation) * Virgin * QualityIn)));

    /// <summary>(1-A) R2 (ErecyclingEoL - E*v Qs_out/Qp): belongs to the end of life; often a credit.</summary>
    public decimal RecyclingAfterUse => (1 - Allocation) * RecycledOut * (Recycling - (Replaced * QualityOut));

    /// <summary>(1-B) R3 (EER - credits).</summary>
    public decimal Energy => (1 - EnergyAllocation) * EnergyRecovered * EnergyBurdens;

    /// <summary>(1-R2-R3) ED.</summary>
    public decimal Rest => (1 - RecycledOut - EnergyRecovered) * Disposal;

    /// <summary>The stage of end of life, per kilogram; a credit is negative.</summary>
    public decimal EndOfLife => RecyclingAfterUse + Energy + Rest;
}
