using System.Globalization;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>An import under way: how rows find parts, what is wrong with them, and what they change.</summary>
internal sealed class Import(OperatorSession session, Func<int, Task> progress)
{
    private const int MaxErrors = 10_000;

    /// <summary>Often enough for a bar that moves, seldom enough to cost nothing.</summary>
    private const int ProgressEvery = 500;

    private readonly List<Wire.ImportError> _errors = [];

    /// <summary>Parts whose own row is wrong, by number and id: rows that name them are not blamed for it.</summary>
    private readonly HashSet<string> _doubtful = new(StringComparer.Ordinal);
    private int _done;

    public OperatorSession Session => session;

    public int Changed { get; private set; }

    public int Unchanged { get; private set; }

    public int ErrorCount { get; private set; }

    public IReadOnlyList<Wire.ImportError> Errors => _errors;

    /// <summary>Rows name parts by number, and a circle may lead through any of them.</summary>
    public async Task FetchPartsAsync(CancellationToken cancellationToken)
    {
        foreach (var part in await session.FetchAllAsync<Part>(cancellationToken))
        {
            session.PartNumbers.TryAdd(part.PartNumber, part.TraceId);
        }

        await session.FetchAllAsync<BillOfMaterials>(cancellationToken);
    }

    /// <summary>Reads a row into an act and does it; whatever is wrong becomes errors of the row.</summary>
    /// <returns>Whether nothing was wrong.</returns>
    public async Task<bool> DoAsync<T>(
        Wire.ImportRow row, Func<Input, IAct<Decided<T>>?> read, CancellationToken cancellationToken)
    {
        if (++_done % ProgressEvery == 0)
        {
            await progress(_done);
        }

        try
        {
            var input = new Input();
            var act = read(input);
            input.ThrowIfInvalid();
            if (act is not null)
            {
                Count(await act.HandleAsync(session, cancellationToken));
            }

            return true;
        }
        catch (InvalidRequestException invalid)
        {
            foreach (var violation in invalid.Violations)
            {
                Fail(row, violation.Field.TrimStart('.'), violation.Description);
            }
        }
        catch (RefusedException refused)
        {
            Fail(row, "", refused.Message);
        }

        return false;
    }

    public void Count<T>(Decided<T> decided)
    {
        if (decided.Events.Count > 0)
        {
            Changed++;
        }
        else
        {
            Unchanged++;
        }
    }

    public void Doubt(string number, string traceId) => _doubtful.UnionWith([number, traceId]);

    /// <summary>Whether the row of the part is wrong: then nothing is said about those that name it.</summary>
    public bool IsDoubtful(string name) => _doubtful.Contains(name);

    /// <summary>The part that a row names, by number or trace id.</summary>
    public Part? Find(Input input, string field, string name)
    {
        var part = TraceIdOf(name) is { } id ? session.Known<Part>(StreamNames.Part(id)) : null;
        if (part is null && !IsDoubtful(name))
        {
            input.Violate(field, name, "must be the part number or trace id of a part, in this import or in the node.");
        }

        return part;
    }

    public TraceId? TraceIdOf(string name) =>
        name.Length > 0 && session.PartNumbers.TryGetValue(name, out var numbered) ? numbered
        : Guid.TryParseExact(name, "D", out var given) ? new(given)
        : null;

    /// <summary>A day as people write it; null where none is given or it is wrong.</summary>
    public static DateTimeOffset? Day(Input input, string field, string value)
    {
        if (value.Length == 0)
        {
            return null;
        }

        if (!DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            || day.Year is < 1900 or > 9998)
        {
            input.Violate(field, value, "must be a day such as 2026-12-31.");
            return null;
        }

        return new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
    }

    /// <summary>Each record must stand in one row only.</summary>
    public bool IsFirst(HashSet<string> seen, Wire.ImportRow row, string key)
    {
        var first = key.Length == 0 || seen.Add(key);
        if (!first)
        {
            Fail(row, "", $"\"{key}\" is not valid: each must stand in one row only.");
        }

        return first;
    }

    public void Fail(Wire.ImportRow row, string field, string description)
    {
        if (ErrorCount++ < MaxErrors)
        {
            _errors.Add(new() { Sheet = row.Sheet, Row = row.Row, Field = field, Description = description });
        }
    }
}
