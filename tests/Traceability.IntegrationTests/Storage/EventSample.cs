using System.Reflection;

namespace Traceability.IntegrationTests.Storage;

/// <summary>An event with every member filled, always in the same way.</summary>
internal static class EventSample
{
    public static object Of(Type type)
    {
        var simple = Simple(Nullable.GetUnderlyingType(type) ?? type);
        return simple ?? Record(type);
    }

    private static object? Simple(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().First(value => (int)value != 0);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var list = Array.CreateInstance(type.GenericTypeArguments[0], 1);
            list.SetValue(Of(type.GenericTypeArguments[0]), 0);
            return list;
        }

        return type switch
        {
            _ when type.GetInterfaces().Any(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IId<>)) =>
                Activator.CreateInstance(type, Of(typeof(Guid))),
            _ when type == typeof(Guid) => Guid.Parse("01980000-0000-7000-8000-000000000001"),
            _ when type == typeof(string) => "text",
            _ when type == typeof(decimal) => 5.1234567890m,
            _ when type == typeof(long) => 7L,
            _ when type == typeof(int) => 7,
            _ when type == typeof(bool) => true,
            _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 4, 1, 9, 30, 0, TimeSpan.Zero),
            _ when type == typeof(IReadOnlyDictionary<string, string>) =>
                new Dictionary<string, string> { ["total"] = "text" },
            _ => null,
        };
    }

    private static object Record(Type type)
    {
        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance)
            .OrderByDescending(candidate => candidate.GetParameters().Length)
            .First();
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Of(parameter.ParameterType))]);
    }
}
