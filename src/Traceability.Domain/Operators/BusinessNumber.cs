namespace Traceability.Domain.Operators;

/// <summary>
/// A number by which the world knows a company: "JP-CN:" and a Japanese corporate number (13 digits, National Tax
/// Agency), "LEI:" and a legal entity identifier (20 characters, ISO 17442), or "DUNS:" and 9 digits.
/// </summary>
public sealed record BusinessNumber(string Scheme, string Value)
{
    public const string Rule = "must be JP-CN: and the 13 digits of a corporate number, LEI: and 20 letters and "
        + "digits, or DUNS: and 9 digits, with their check digits right: for example JP-CN:1180301018771.";

    public override string ToString() => $"{Scheme}:{Value}";

    /// <summary>Hyphens and spaces are for the eye; null where it is none, or a digit is wrong.</summary>
    public static BusinessNumber? Find(string text)
    {
        if (text.Split(':') is not [var scheme, var written])
        {
            return null;
        }

        var (name, value) = (scheme.Trim().ToUpperInvariant(), Plain(written));
        var holds = name switch
        {
            "JP-CN" => IsDigits(value, 13) && value[0] - '0' == CorporateCheckDigit(value[1..]),
            "LEI" => value.Length == 20 && value.All(char.IsAsciiLetterOrDigit) && LeiRemainder(value) == 1,
            "DUNS" => IsDigits(value, 9),
            _ => false,
        };
        return holds ? new(name, value) : null;
    }

    private static string Plain(string written) =>
        string.Concat(written.Where(one => one is not (' ' or '-'))).ToUpperInvariant();

    private static bool IsDigits(string value, int length) => value.Length == length && value.All(char.IsAsciiDigit);

    /// <summary>
    /// Ordinance of the Ministry of Finance No. 70 of 2014: 9 minus the remainder by 9 of the digits' sum, in which
    /// every second one from the right counts twice.
    /// </summary>
    private static int CorporateCheckDigit(string digits) =>
        9 - (digits.Reverse().Select((digit, index) => (digit - '0') * (index % 2 == 0 ? 1 : 2)).Sum() % 9);

    /// <summary>ISO 7064, MOD 97-10: letters count as 10 to 35.</summary>
    private static int LeiRemainder(string value) => value.Aggregate(0, (remainder, one) =>
    {
        var number = char.IsAsciiDigit(one) ? one - '0' : one - 'A' + 10;
        return ((remainder * (number > 9 ? 100 : 10)) + number) % 97;
    });
}

/// <summary>The federation has seen that a member goes by this number.</summary>
public record BusinessNumberRecorded(string Number, OperatorId OperatorId, DateTimeOffset RecordedAt);

/// <summary>Whose number it is.</summary>
public record NumberedOperator(string Number, OperatorId OperatorId) : IState<NumberedOperator>
{
    public string Id { get; init; } = "";

    [System.Text.Json.Serialization.JsonIgnore]
    public long StreamVersion { get; init; }

    public static NumberedOperator? Evolve(NumberedOperator? holder, object e) => e switch
    {
        BusinessNumberRecorded r => new(r.Number, r.OperatorId),
        _ => holder,
    };

    /// <summary>The event that gives a member the number; none if it has it. No two members have the same.</summary>
    public static object[] Record(
        NumberedOperator? holder, BusinessNumber number, OperatorId operatorId, DateTimeOffset now) => holder switch
        {
            null => [new BusinessNumberRecorded($"{number}", operatorId, now)],
            _ when holder.OperatorId == operatorId => [],
            _ => throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Business number {number} belongs to another member: look at what the company has shown you again.",
                ("business_number", $"{number}")),
        };
}
