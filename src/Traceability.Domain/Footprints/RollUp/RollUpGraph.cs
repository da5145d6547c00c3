namespace Traceability.Domain.Footprints.RollUp;

/// <summary>
/// What goes into what, as flat arrays: a million parts are a few arrays, not a million objects. Parts are numbers from
/// 0; a line says how much of a child goes into one declared unit of its parent.
/// </summary>
public sealed class RollUpGraph
{
    private readonly int[] _firstLine;
    private readonly int[] _child;
    private readonly decimal[] _quantity;
    private readonly int[] _firstParent;
    private readonly int[] _parent;
    private readonly int[] _order;
    private readonly int[] _rank;

    private RollUpGraph(int parts, ReadOnlySpan<int> parents, ReadOnlySpan<int> children, ReadOnlySpan<decimal> amounts)
    {
        (_firstLine, var place) = Group(parts, parents);
        _child = new int[parents.Length];
        _quantity = new decimal[parents.Length];
        for (var line = 0; line < parents.Length; line++)
        {
            _child[place[line]] = children[line];
            _quantity[place[line]] = amounts[line];
        }

        (_firstParent, place) = Group(parts, children);
        _parent = new int[parents.Length];
        for (var line = 0; line < parents.Length; line++)
        {
            _parent[place[line]] = parents[line];
        }

        (_order, _rank) = (new int[parts], new int[parts]);
        Sort();
    }

    public int Parts => _order.Length;

    public int Lines => _child.Length;

    /// <summary>Every part after those that go into it.</summary>
    public ReadOnlySpan<int> ChildrenFirst => _order;

    /// <summary>Line i puts amounts[i] of children[i] into parents[i]. Lines of a parent keep their order.</summary>
    /// <exception cref="RefusedException">A part goes into itself; the path is named.</exception>
    public static RollUpGraph Of(
        int parts, ReadOnlySpan<int> parents, ReadOnlySpan<int> children, ReadOnlySpan<decimal> amounts) =>
        new(parts, parents, children, amounts);

    public ReadOnlySpan<int> ChildrenOf(int part) => _child.AsSpan(_firstLine[part].._firstLine[part + 1]);

    public ReadOnlySpan<decimal> QuantitiesOf(int part) => _quantity.AsSpan(_firstLine[part].._firstLine[part + 1]);

    public ReadOnlySpan<int> ParentsOf(int part) => _parent.AsSpan(_firstParent[part].._firstParent[part + 1]);

    /// <summary>Where a part stands in <see cref="ChildrenFirst"/>.</summary>
    internal int RankOf(int part) => _rank[part];

    /// <summary>How much of every part is in one declared unit of the target, over all paths.</summary>
    public decimal[] QuantitiesIn(int target)
    {
        var quantities = new decimal[Parts];
        quantities[target] = 1;
        for (var at = _rank[target]; at >= 0; at--)
        {
            var part = _order[at];
            if (quantities[part] == 0)
            {
                continue;
            }

            for (var line = _firstLine[part]; line < _firstLine[part + 1]; line++)
            {
                quantities[_child[line]] += quantities[part] * _quantity[line];
            }
        }

        return quantities;
    }

    /// <summary>Where the lines of each part begin, and where each line goes (counting sort, order kept).</summary>
    private static (int[] First, int[] Place) Group(int parts, ReadOnlySpan<int> keys)
    {
        var first = new int[parts + 1];
        foreach (var key in keys)
        {
            first[key + 1]++;
        }

        for (var part = 0; part < parts; part++)
        {
            first[part + 1] += first[part];
        }

        var (next, place) = (first[..parts], new int[keys.Length]);
        for (var line = 0; line < keys.Length; line++)
        {
            place[line] = next[keys[line]]++;
        }

        return (first, place);
    }

    /// <summary>Kahn's algorithm: a part is next when all that goes into it is done.</summary>
    private void Sort()
    {
        var waiting = new int[Parts];
        var (done, known) = (0, 0);
        for (var part = 0; part < Parts; part++)
        {
            waiting[part] = _firstLine[part + 1] - _firstLine[part];
            if (waiting[part] == 0)
            {
                _order[known++] = part;
            }
        }

        for (; done < known; done++)
        {
            _rank[_order[done]] = done;
            foreach (var parent in ParentsOf(_order[done]))
            {
                if (--waiting[parent] == 0)
                {
                    _order[known++] = parent;
                }
            }
        }

        if (known < Parts)
        {
            throw Cycle(waiting);
        }
    }

    /// <summary>Whoever still waits, waits for another who does: following them leads around the cycle.</summary>
    private RefusedException Cycle(int[] waiting)
    {
        List<int> path = [Array.FindIndex(waiting, left => left > 0)];
        while (true)
        {
            var next = path[^1];
            foreach (var child in ChildrenOf(next))
            {
                next = waiting[child] > 0 ? child : next;
            }

            var seen = path.IndexOf(next);
            path.Add(next);
            if (seen >= 0)
            {
                var text = string.Join(" > ", path[seen..]);
                return new(RefusalReason.Cycle, $"A part would go into itself: {text}.", ("path", text));
            }
        }
    }
}
