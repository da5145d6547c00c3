namespace Traceability.Domain;

/// <summary>One field of a request and what is wrong with it: the value, the rule, what would be right.</summary>
public record Violation(string Field, string Description)
{
    public override string ToString() => $"{Field}: {Description}";
}

/// <summary>The request breaks rules: all of them at once, in the order of its fields.</summary>
public sealed class InvalidRequestException(IReadOnlyList<Violation> violations)
    : Exception($"Invalid request. {string.Join(" ", violations)}")
{
    public IReadOnlyList<Violation> Violations { get; } = violations;
}
