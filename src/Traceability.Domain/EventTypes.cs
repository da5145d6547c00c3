using System.Text.RegularExpressions;

namespace Traceability.Domain;

/// <summary>Events by the names they are stored under.</summary>
public static partial class EventTypes
{
    private static readonly Dictionary<string, Type> Types = typeof(EventTypes).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsPublic: true, IsAbstract: false })
        .GroupBy(type => WordStart().Replace(type.Name, "_$0").ToLowerInvariant())
        .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    public static Type? Find(string name) => Types.GetValueOrDefault(name);

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
