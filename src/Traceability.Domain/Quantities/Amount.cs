using System.Globalization;

namespace Traceability.Domain.Quantities;

/// <summary>Decimals as people and partners write them: plain digits, no exponent, exact.</summary>
public static class Amount
{
    /// <summary>
    /// More is no real amount of anything (the world emits 6e13 kg a year), and leaves room to multiply.
    /// </summary>
    public const int MaxIntegerDigits = 15;

    /// <summary>
    /// As many as leave a company (rounding rule of the roll-up), so that nothing is lost on the way in.
    /// </summary>
    public const int MaxDecimals = 12;

    /// <summary>The smallest step between two figures that leave a company.</summary>
    public const decimal LastPlace = 0.000000000001m;

    public const string Rule = "a plain decimal such as 5.25, with at most 15 digits before and 12 after the point";

    public static bool TryParse(string text, out decimal amount)
    {
        amount = 0;
        var digits = text.StartsWith('-') ? text[1..] : text;
        var parts = digits.Split('.');
        return parts.Length <= 2
            && parts.All(part => part.Length > 0 && part.All(char.IsAsciiDigit))
            && parts[0].Length <= MaxIntegerDigits
            && (parts.Length == 1 || parts[1].Length <= MaxDecimals)
            && decimal.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out amount);
    }

    /// <summary>Without trailing zeros: 18, not 18.00. The same number is always the same text.</summary>
    public static string Format(decimal amount) =>
        amount.ToString("0.############################", CultureInfo.InvariantCulture);

    /// <summary>Rounded as figures are when they leave a company: 12 decimals, half to even.</summary>
    public static decimal Leaving(decimal amount) => Math.Round(amount, MaxDecimals, MidpointRounding.ToEven);
}

/// <summary>An amount of something.</summary>
public record Quantity(decimal Amount, Unit Unit)
{
    /// <summary>The same quantity in another unit of its dimension.</summary>
    public decimal In(Unit other) =>
        Unit.ConvertsTo(other)
            ? Amount * Unit.Factor / other.Factor
            : throw new RefusedException(
                RefusalReason.UnitsDisagree,
                $"{Unit.Name} has no fixed factor to {other.Name}; accepted: {other.Accepted}.",
                ("unit", Unit.Name),
                ("accepted", other.Accepted));

    public override string ToString() => $"{Quantities.Amount.Format(Amount)} {Unit.Name}";
}
