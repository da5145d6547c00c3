using System.Collections;
using System.Text;

namespace Grpc.Core;

/// <summary>Headers or trailers of a call, in order. Keys that end in "-bin" carry bytes.</summary>
public sealed class Metadata : IList<Metadata.Entry>
{
    public const string BinaryHeaderSuffix = "-bin";

    public static readonly Metadata Empty = new() { _frozen = true };

    private readonly List<Entry> _entries = [];
    private bool _frozen;

    public int Count => _entries.Count;

    public bool IsReadOnly => _frozen;

    public Entry this[int index]
    {
        get => _entries[index];
        set => Open()[index] = value;
    }

    public Entry? Get(string key) =>
        _entries.LastOrDefault(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    public string? GetValue(string key) => Get(key)?.Value;

    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    public IEnumerable<Entry> GetAll(string key) =>
        _entries.Where(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    public void Add(Entry item) => Open().Add(item);

    public void Add(string key, string value) => Add(new Entry(key, value));

    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    public void Clear() => Open().Clear();

    public bool Contains(Entry item) => _entries.Contains(item);

    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

    public int IndexOf(Entry item) => _entries.IndexOf(item);

    public void Insert(int index, Entry item) => Open().Insert(index, item);

    public bool Remove(Entry item) => Open().Remove(item);

    public void RemoveAt(int index) => Open().RemoveAt(index);

    public IEnumerator<Entry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private List<Entry> Open() =>
        _frozen ? throw new InvalidOperationException("Object is read only") : _entries;

    /// <summary>One header: text, or bytes if its key ends in "-bin".</summary>
    public class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        public Entry(string key, string value)
        {
            Key = Name(key);
            if (IsBinary)
            {
                throw new ArgumentException("Only ASCII valued headers are allowed for keys without \"-bin\".");
            }

            _text = value;
        }

        public Entry(string key, byte[] valueBytes)
        {
            Key = Name(key);
            if (!IsBinary)
            {
                throw new ArgumentException("Key for binary valued metadata entry needs to have suffix indicating binary value.");
            }

            _bytes = [.. valueBytes];
        }

        public string Key { get; }

        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        public string Value => _text
            ?? throw new InvalidOperationException("Cannot access string value of a binary metadata entry");

        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : [.. _bytes];

        /// <summary>As it travels: bytes as base64 without padding.</summary>
        internal string Wire => _bytes is null ? _text! : Convert.ToBase64String(_bytes).TrimEnd('=');

        /// <summary>Several binary values of one key may arrive joined by commas.</summary>
        internal static IEnumerable<Entry> FromWire(string key, string value)
        {
            if (!key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
            {
                return [new Entry(key, value)];
            }

            return value.Split(',').Select(part => new Entry(key, FromBase64(part.Trim())));
        }

        public override string ToString() =>
            _text is null ? $"[Entry: key={Key}, valueBytes={_bytes}]" : $"[Entry: key={Key}, value={_text}]";

        private static string Name(string key)
        {
            if (key.Length == 0 || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            {
                throw new ArgumentException(
                    "Metadata entry key not valid. Keys can only contain lowercase alphanumeric characters, underscores, hyphens and dots.");
            }

            return key.ToLowerInvariant();
        }

        private static byte[] FromBase64(string text) =>
            Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
    }
}
