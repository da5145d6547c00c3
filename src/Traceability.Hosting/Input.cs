using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Common.V1;
using Traceability.Domain;
using Traceability.Domain.Quantities;
using Traceability.Domain.Releases;
using FootprintField = Traceability.Domain.Releases.FootprintField;
using Quantity = Traceability.Domain.Quantities.Quantity;
using WireField = Traceability.Contracts.Common.V1.FootprintField;

namespace Traceability.Hosting;

/// <summary>
/// Reads the fields of a request and collects everything that is wrong with them, to be said at once.
/// </summary>
public sealed class Input
{
    private readonly List<Violation> _violations = [];

    /// <summary>Longer values are cut in the answer: an error is not a mirror for megabytes.</summary>
    private const int MaxEcho = 60;

    public void Violate(string field, object? value, string rule)
    {
        var text = value switch
        {
            DateTimeOffset time => time.ToString("u", CultureInfo.InvariantCulture),
            DateOnly day => day.ToString("O", CultureInfo.InvariantCulture),
            _ => $"{value}",
        };
        var shown = text.Length <= MaxEcho ? text : $"{text[..MaxEcho]}...";
        _violations.Add(new(field, $"\"{shown}\" is not valid: {rule}"));
    }

    private const int MaxToken = 200;
    private const int MaxCheckpoints = 100;

    /// <summary>As much as a signed note may have.</summary>
    private const int MaxCheckpoint = 64 * 1024;

    public bool HasViolations => _violations.Count > 0;

    /// <summary>Malformed ids are told before anything is looked up, everything else after.</summary>
    public void ThrowIfInvalid()
    {
        if (_violations.Count > 0)
        {
            throw new InvalidRequestException(_violations);
        }
    }

    public Guid Id(string field, string value)
    {
        if (Guid.TryParseExact(value, "D", out var id) && id != Guid.Empty && value == id.ToString())
        {
            return id;
        }

        Violate(field, value, "must be a UUID in lower case, such as 0190a5c7-6d4e-7c1a-8f00-0242ac120002.");
        return Guid.Empty;
    }

    public TId Id<TId>(string field, string value)
        where TId : struct, IId<TId> => TId.Of(Id(field, value));

    /// <summary>Null where nothing is given.</summary>
    public TId? OptionalId<TId>(string field, string value)
        where TId : struct, IId<TId> => value.Length == 0 ? null : Id<TId>(field, value);

    /// <summary>The version of a resource as the caller has read it; null where it does not care.</summary>
    public long? Etag(string field, string value)
    {
        if (value.Length == 0)
        {
            return null;
        }

        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            Violate(field, value, "must be empty, or the etag that the resource was answered with.");
        }

        return version;
    }

    public string Text(string field, string value, int minimum, int maximum)
    {
        if (value.Length < minimum || value.Length > maximum || HasControls(value))
        {
            Violate(field, value, $"must be {minimum} to {maximum} characters without control characters.");
        }

        return value;
    }

    /// <summary>What people write: kept composed and without blanks around, whatever door it comes by.</summary>
    public string Writing(string field, string value, int minimum, int maximum)
    {
        if (value.Contains('\uFFFD', StringComparison.Ordinal))
        {
            Violate(field, value, "must not hold U+FFFD, which stands where a character was lost: type it again.");
        }

        return Text(field, Domain.Writings.Writing.Kept(value), minimum, maximum);
    }

    /// <summary>Text of several lines, such as a signed note.</summary>
    public string Lines(string field, string value, int maximum)
    {
        var hasControls = value.Any(letter => char.IsControl(letter) && letter != '\n');
        if (value.Length == 0 || value.Length > maximum || hasControls)
        {
            Violate(field, value, $"must be lines of 1 to {maximum} characters in all.");
        }

        return value;
    }

    /// <summary>Checkpoints that others have kept: signed notes (C2SP).</summary>
    public IReadOnlyList<string> Checkpoints(string field, IReadOnlyList<string> notes)
    {
        if (notes.Count > MaxCheckpoints)
        {
            Violate(field, notes.Count, $"must be at most {MaxCheckpoints}.");
            return [];
        }

        return [.. notes.Index().Select(note => Lines($"{field}[{note.Index}]", note.Item, MaxCheckpoint))];
    }

    public string OneOf(string field, string value, IReadOnlyList<string> allowed)
    {
        if (!allowed.Contains(value))
        {
            Violate(field, value, $"must be one of: {string.Join(", ", allowed)}.");
        }

        return value;
    }

    /// <summary>An enum value that this version knows.</summary>
    public TDomain Enum<TWire, TDomain>(string field, TWire value)
        where TWire : struct, System.Enum
        where TDomain : struct, System.Enum
    {
        var domain = System.Enum.TryParse<TDomain>(value.ToString(), out var parsed) ? parsed : default;
        if (!System.Enum.IsDefined(domain))
        {
            Violate(field, value, $"must be one of: {string.Join(", ", System.Enum.GetNames<TDomain>())}.");
        }

        return domain;
    }

    /// <summary>What of a footprint is to be shown.</summary>
    public FootprintField[] Fields(string field, IEnumerable<WireField> values) =>
    [
        .. values.Select((value, index) => Enum<WireField, FootprintField>($"{field}[{index}]", value)),
    ];

    /// <summary>Fields that can be shown together.</summary>
    public FootprintField[] Legal(string field, FootprintField[] fields)
    {
        if (ReleasedFields.Problem(fields) is { } problem)
        {
            Violate(field, string.Join(", ", fields).ToLowerInvariant(), problem);
        }

        return fields;
    }

    public decimal NotNegative(string field, string value, string rule = "must not be negative.")
    {
        var amount = Number(field, value);
        if (amount < 0)
        {
            Violate(field, value, rule);
        }

        return amount;
    }

    /// <summary>A decimal between two bounds, both included.</summary>
    public decimal Within(string field, string value, decimal lowest, decimal highest)
    {
        var before = _violations.Count;
        var amount = Number(field, value);
        if (amount >= lowest && amount <= highest)
        {
            return amount;
        }

        if (before == _violations.Count)
        {
            Violate(field, value, $"must lie between {lowest} and {highest}.");
        }

        // What is computed with it before the request is refused stays within bounds.
        return lowest;
    }

    public Quantity Positive(string field, Contracts.Common.V1.Quantity? quantity)
    {
        var before = _violations.Count;
        var amount = Number($"{field}.amount", quantity?.Amount ?? "");
        if (before == _violations.Count && amount <= 0)
        {
            Violate($"{field}.amount", quantity?.Amount, "must be greater than zero.");
        }

        return new(amount, Unit($"{field}.unit", quantity?.Unit ?? ""));
    }

    public Unit Unit(string field, string value)
    {
        var unit = Domain.Quantities.Unit.Find(Domain.Writings.Writing.Plain(value).Trim());
        if (unit is null)
        {
            var known = Domain.Quantities.Unit.All.Select(u => u.Name);
            Violate(field, value, $"must be one of: {string.Join(", ", known)}.");
        }

        return unit ?? Domain.Quantities.Unit.Kilogram;
    }

    public DateTimeOffset? OptionalTime(string field, Timestamp? value)
    {
        if (value is null)
        {
            return null;
        }

        if (value.Nanos is < 0 or > 999_999_999 || value.Seconds is < -62135596800 or > 253402300799)
        {
            Violate(field, value.Seconds, "must be a time between the years 1 and 9999.");
            return null;
        }

        return value.ToDateTimeOffset();
    }

    public (DateTimeOffset Start, DateTimeOffset End) Period(string field, Period? period)
    {
        var start = OptionalTime($"{field}.start_time", period?.StartTime);
        var end = OptionalTime($"{field}.end_time", period?.EndTime);
        if (start is null || end is null || start >= end)
        {
            Violate(field, $"{start:yyyy-MM-dd} to {end:yyyy-MM-dd}", "must have a start and a later end.");
        }

        return (start ?? default, end ?? default);
    }

    public int PageSize(int value)
    {
        if (value < 0)
        {
            Violate("page_size", value, "must be 0 for the default, or positive.");
        }

        return value <= 0 ? 100 : Math.Min(value, 1000);
    }

    /// <summary>A page token that is the key of what was shown last.</summary>
    public string Token(string token) => Text("page_token", token, 0, MaxToken);

    /// <summary>A page token that counts what was shown before.</summary>
    public int Offset(string token)
    {
        if (token.Length == 0)
        {
            return 0;
        }

        if (!int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            Violate("page_token", token, "must be the next_page_token of the page before.");
        }

        return offset;
    }

    /// <summary>An import asks for every text it holds.</summary>
    private static bool HasControls(string value)
    {
        foreach (var letter in value)
        {
            if (char.IsControl(letter))
            {
                return true;
            }
        }

        return false;
    }

    private decimal Number(string field, string value)
    {
        if (!Amount.TryParse(value, out var amount))
        {
            Violate(field, value, $"must be {Amount.Rule}.");
        }

        return amount;
    }
}
