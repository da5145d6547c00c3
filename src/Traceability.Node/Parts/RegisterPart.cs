using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Hosting;
using Traceability.Node.Operators;

namespace Traceability.Node.Parts;

/// <summary>The operator makes or buys something that can be traced. Saying so again changes nothing.</summary>
internal sealed record RegisterPart(TraceId TraceId, string Name, PartKind Kind, Unit Unit, string Number)
    : IAct<Decided<Part>>
{
    /// <summary>What a door calls the fields.</summary>
    public sealed record Fields(string Number, string Name, string Unit);

    public static RegisterPart Read(
        Input input, Fields fields, TraceId traceId, string name, PartKind kind, string unit, string number) => new(
            traceId,
            input.Text(fields.Name, name, 1, Part.MaxName),
            kind,
            input.Unit(fields.Unit, unit),
            input.Text(fields.Number, number, 0, Part.MaxNumber));

    public async Task<Decided<Part>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var wanted = new PartRegistered(TraceId, Name, Kind, Unit.Name, session.Now, Number);
        var holder = await session.HolderAsync(Number, cancellationToken);
        var decided = await session.DecideAsync<Part>(
            StreamNames.Part(TraceId), part => Part.Register(part, wanted, holder), cancellationToken);
        session.PartNumbers[Number] = TraceId;
        return decided;
    }
}
