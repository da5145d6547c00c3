using System.Globalization;
using System.Text;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Writings;
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
            input.Writing(fields.Name, name, 1, Part.MaxName),
            kind,
            input.Unit(fields.Unit, unit),
            ReadNumber(input, fields.Number, number));

    public async Task<Decided<Part>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var wanted = new PartRegistered(TraceId, Name, Kind, Unit.Name, session.Now, Number);
        var holder = await session.HolderAsync(Number, cancellationToken);
        var decided = await session.DecideAsync<Part>(
            StreamNames.Part(TraceId), part => Part.Register(part, wanted, holder), cancellationToken);
        session.PartNumbers.TryAdd(Writing.Plain(Number), decided.State);
        return decided;
    }

    /// <summary>Two numbers must not differ in something that nobody sees.</summary>
    private static string ReadNumber(Input input, string field, string number)
    {
        // The letters that everybody types are not asked one by one: none of them is invisible.
        if (!Ascii.IsValid(number) && number.Any(letter => char.GetUnicodeCategory(letter) == UnicodeCategory.Format))
        {
            input.Violate(field, number, "must hold no invisible characters, such as U+200B: type it again.");
        }

        return input.Writing(field, number, 0, Part.MaxNumber);
    }
}
