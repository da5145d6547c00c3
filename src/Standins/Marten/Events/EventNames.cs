using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Marten.Exceptions;

namespace Marten.Events;

/// <summary>Which stored name stands for which type.</summary>
internal sealed class EventNames
{
    private readonly ConcurrentDictionary<Type, string> _names = new();
    private readonly Dictionary<string, Func<byte[], JsonSerializerOptions, object>> _readers =
        new(StringComparer.Ordinal);

    public void Map(Type type, string name)
    {
        _names[type] = name;
        _readers[name] = (json, options) => JsonSerializer.Deserialize(json, type, options)!;
    }

    public void Upcast<TOld, TNew>(string name, Func<TOld, TNew> upcast)
        where TNew : notnull =>
        _readers[name] = (json, options) => upcast(JsonSerializer.Deserialize<TOld>(json, options)!);

    public string NameOf(Type type) => _names.GetOrAdd(type, static t => SnakeCase(t.Name));

    public object Read(string name, string dotNetTypeName, byte[] json, JsonSerializerOptions options)
    {
        if (_readers.TryGetValue(name, out var reader))
        {
            return reader(json, options);
        }

        var type = Type.GetType(dotNetTypeName) ?? throw new UnknownEventTypeException(name);
        return JsonSerializer.Deserialize(json, type, options)!;
    }

    public static string SnakeCase(string name)
    {
        var snake = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsUpper(c) && snake.Length > 0)
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(c));
        }

        return snake.ToString();
    }
}
