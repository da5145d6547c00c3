using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Dependencies;
using ArchUnitNET.Loader;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>One type names another.</summary>
internal sealed record Use(IType From, IType To)
{
    public override string ToString() => $"{From.FullName} uses {To.FullName}";
}

/// <summary>
/// The product as it was built beside the tests, read once: reading takes seconds. What a compiler leaves no trace of is
/// not seen: constants of others, and what the top-level statements of a Program.cs do.
/// </summary>
internal static class Code
{
    public static IReadOnlyList<IType> Types { get; } = [.. Load().Types];

    public static IReadOnlyList<Use> Uses { get; } =
    [
        .. from type in Types
           from used in type.Dependencies.SelectMany(Named).Distinct()
           where used is not GenericParameter && used.Namespace is not null
           select new Use(type, used),
    ];

    /// <summary>The project of a type, without "Traceability"; the tool's assembly is named as it is called.</summary>
    public static string Project(this IType type) => type.Assembly.Name switch
    {
        "trace" => "Cli",
        var name => name.Replace("Traceability.", "", StringComparison.Ordinal),
    };

    public static bool IsIn(this IType type, string space) =>
        type.Namespace.FullName == space || type.Namespace.FullName.StartsWith($"{space}.", StringComparison.Ordinal);

    /// <summary>
    /// What is used is what may be, and the other way round: an arrow that nobody draws any more is taken off the map,
    /// and a look at nothing finds none of them.
    /// </summary>
    public static void MustMatch(
        IEnumerable<(string From, string[] To)> map, Func<IType, string> place, Func<IType, bool> isOnMap)
    {
        var allowed = map.SelectMany(row => row.To.Select(to => $"{row.From} -> {to}")).ToHashSet();
        var drawn = Uses.Where(use => isOnMap(use.From) && isOnMap(use.To) && place(use.From) != place(use.To))
            .ToLookup(use => $"{place(use.From)} -> {place(use.To)}");

        MustBeNone(drawn.Where(arrow => !allowed.Contains(arrow.Key)).Select(arrow => $"{arrow.Key}: {arrow.First()}"));
        MustBeNone(allowed.Except(drawn.Select(arrow => arrow.Key)).Select(arrow => $"{arrow}: not drawn"));
    }

    public static void MustBeNone(IEnumerable<object> faults)
    {
        var text = string.Join('\n', faults);
        Assert.True(text.Length == 0, text);
    }

    private static Architecture Load() => new ArchLoader()
        .LoadFilteredDirectory(Folder("Node"), "Traceability.*.dll")
        .LoadFilteredDirectory(Folder("Broker"), "Traceability.Broker.dll")
        .LoadFilteredDirectory(Folder("Broker"), "Traceability.Identity.dll")
        .LoadFilteredDirectory(Folder("Cli"), "trace.dll")
        .LoadFilteredDirectory(Folder("Local"), "Traceability.Local.dll")
        .Build();

    private static string Folder(string project) => Path.Combine(
        AppContext.BaseDirectory, "..", "..", $"Traceability.{project}",
        Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));

    /// <summary>What stands between angle brackets is used, too.</summary>
    private static IEnumerable<IType> Named(ITypeDependency dependency) =>
    [
        dependency.Target,
        .. dependency.TargetGenericArguments.SelectMany(Named),
        .. (dependency as MethodCallDependency)?.TargetMemberGenericArguments.SelectMany(Named) ?? [],
    ];

    private static IEnumerable<IType> Named(GenericArgument argument) =>
        [argument.Type, .. argument.GenericArguments.SelectMany(Named)];
}
